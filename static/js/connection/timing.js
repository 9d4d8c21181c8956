// @ts-check
/**
 * Time in the connection: what is due when. Pure: `now`, by clock.js (timers are throttled, machines sleep), and `random`
 * in [0, 1) are arguments.
 */

/** @import {Connected, Effect, Event, Memory, State} from './shapes.js' */

export const CONNECT_MS = 8_000;
export const HEALTHY_MS = 15_000;
export const SILENT_HEARTBEATS = 2.5;
export const RESYNC_WINDOW_MS = 5 * 60_000;
export const MAX_COMEBACK_MS = 60_000;
export const MAX_SPREAD_MS = 30_000;
const MAX_HEARTBEAT_MS = 60_000;
const FIRST_HEARTBEAT_MS = 5_000;
const QUICK_TRIES = 8;
const LIMIT_MS = 20_000;

/**
 * When this state wants a `tick`.
 * @param {State} state
 * @returns {number|null}
 */
export function wakeAt(state) {
  const due = dueAt(state);
  const { need } = state.memory;
  if (need.step === 'waiting' && due.length) due.push(need.at);
  return due.length ? Math.min(...due) : null;
}

/**
 * @param {State} state
 * @returns {number[]}
 */
function dueAt(state) {
  switch (state.tag) {
    case 'Connecting':
      return [state.deadline];
    case 'Connected':
      return [silenceAt(state), ...phaseDueAt(state)];
    case 'Reconnecting':
      return [state.retryAt];
    case 'NotConnected':
    case 'Suspended':
      return [];
    default:
      return never(state);
  }
}

/**
 * @param {Connected} state
 * @returns {number[]}
 */
function phaseDueAt({ phase, memory }) {
  if (phase.name === 'subscribing') return [phase.deadline];
  return phase.name === 'live' && (memory.failures > 0 || memory.gaps > 0) ? [phase.since + HEALTHY_MS] : [];
}

/** Live ends 2.5 heartbeats after the last frame. @param {Connected} state */
export function silenceAt({ lastFrameAt, memory }) {
  return lastFrameAt + SILENT_HEARTBEATS * memory.heartbeatMs;
}

/**
 * @param {Connected} state
 * @param {number} now
 */
export function tooLate({ phase }, now) {
  return phase.name === 'subscribing' && now >= phase.deadline;
}

/**
 * 15 s of health forgive what was before.
 * @param {State} state
 * @param {number} now
 * @returns {State}
 */
export function rested(state, now) {
  if (!isHealthy(state, now) || (state.memory.failures === 0 && state.memory.gaps === 0)) return state;
  return { ...state, memory: { ...state.memory, failures: 0, gaps: 0 } };
}

/**
 * @param {State} state
 * @param {number} now
 */
export function isHealthy(state, now) {
  return (
    state.tag === 'Connected' &&
    state.phase.name === 'live' &&
    now < silenceAt(state) &&
    now - state.phase.since >= HEALTHY_MS
  );
}

/**
 * @param {Memory} memory
 * @param {number} now
 */
export function recentResyncs({ resyncs }, now) {
  return resyncs.filter((at) => at > now - RESYNC_WINDOW_MS);
}

/**
 * The timer is moved only when it would ring too late, and after it rang: not with every frame.
 * @param {Effect[]} effects
 * @param {Event} event
 * @param {number|null} before
 * @param {number|null} after
 */
export function withTimer(effects, event, before, after) {
  const keep = after === before || (before !== null && after !== null && after > before);
  return keep && !(event.type === 'tick' && after !== null)
    ? effects
    : [...effects, /** @type {const} */ ({ type: 'timer', at: after })];
}

/**
 * How long to wait before the next try: the first eight come within a second each, so that all pages are back a second
 * after the server; then full jitter, doubling up to 20 s.
 * @param {number} failures tries that failed before this one
 * @param {number} random
 */
export function retryDelay(failures, random) {
  if (failures < QUICK_TRIES) return 300 + 700 * random;
  return Math.min(LIMIT_MS, 2000 * 2 ** (failures - QUICK_TRIES)) * random;
}

/**
 * What the server asks for, within reason: a wrong number must neither hammer it nor keep the page away.
 * @param {number|undefined} ms
 * @param {number} most
 */
export function within(ms, most) {
  return Number.isFinite(ms) ? Math.min(Math.max(0, Number(ms)), most) : 0;
}

/** @param {number} [ms] what the server says */
export function heartbeatEvery(ms) {
  return within(ms, MAX_HEARTBEAT_MS) || FIRST_HEARTBEAT_MS;
}

/**
 * @param {never} value
 * @returns {never}
 */
function never(value) {
  throw new Error(`not handled: ${JSON.stringify(value)}`);
}
