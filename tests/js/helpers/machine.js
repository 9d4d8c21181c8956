// @ts-check
/** The state machine alone, with a clock and a cursor that the test sets. */

/** @import {Ctx, Effect, Event, State} from '../../../static/js/connection/shapes.js' */

import { INITIAL, next } from '../../../static/js/connection/state.js';
import { describe } from '../../../static/js/connection/status.js';
import { snapshot } from './wire.js';

export const ORIGIN = 'http://localhost:8080';
export const SOCKET_URL = 'ws://localhost:8081/ws';
export const WELCOME = { type: 'welcome', protocol: 1, build: 'one', epoch: 'e1', seq: 10, heartbeatMs: 5_000, now: 0 };

export function createMachine() {
  /** @type {State} */
  let state = INITIAL;
  /** @type {Ctx} */
  const ctx = {
    now: 0,
    random: 0.5,
    cursor: { epoch: null, seq: 0 },
    page: { origin: ORIGIN, webSocketUrl: SOCKET_URL, build: 'one' },
  };

  /** @type {number|null} */
  let armed = null;

  /**
   * @param {any} event
   * @returns {Effect[]} all but the timer's
   */
  function send(event) {
    const step = next(
      state,
      /** @type {Event} */ ({ ...(isOfSocket(event) ? { generation: state.memory.generation } : {}), ...event }),
      ctx,
    );
    state = step.state;
    for (const effect of step.effects) if (effect.type === 'timer') armed = effect.at;
    for (const effect of step.effects)
      if (effect.type === 'swap') ctx.cursor = { epoch: effect.snapshot.epoch, seq: effect.snapshot.seq };
    return step.effects.filter(({ type }) => type !== 'timer');
  }

  const machine = {
    ctx,
    send,
    /** @param {any} frame */
    frame: (frame) => send({ type: 'frame', frame }),
    get state() {
      return state;
    },
    /** When the timer rings. */
    get armed() {
      return armed;
    },
    get phase() {
      return state.tag === 'Connected' ? state.phase.name : null;
    },
    get status() {
      return describe(state, ctx.now);
    },
    /** Time passes, with heartbeats while it is live. @param {number} ms */
    pass(ms) {
      for (const end = ctx.now + ms; ctx.now < end;) {
        ctx.now = Math.min(end, ctx.now + 5_000);
        if (machine.phase === 'live') machine.frame({ type: 'heartbeat', seq: ctx.cursor.seq, now: ctx.now });
      }
      return send({ type: 'tick' });
    },
    /** @param {{cursor?: {epoch: string, seq: number}}} [how] */
    goLive({ cursor = { epoch: 'e1', seq: 10 } } = {}) {
      send({ type: 'start' });
      send({ type: 'snapshot', id: state.memory.requests, snapshot: snapshot(cursor) });
      return machine.resume();
    },
    /** From Connecting to live. */
    resume() {
      send({ type: 'open' });
      machine.frame({ ...WELCOME, epoch: ctx.cursor.epoch, seq: ctx.cursor.seq, now: ctx.now });
      return machine;
    },
    /** Loses the connection and lets the next try begin. */
    retry(code = 1006) {
      const effects = send({ type: 'close', code });
      if (state.tag === 'Reconnecting') ctx.now = state.retryAt;
      return [...effects, ...send({ type: 'tick' })];
    },
  };
  return machine;
}

/** @param {{type: string}} event */
function isOfSocket({ type }) {
  return ['open', 'close', 'error', 'garbled', 'frame', 'outcome'].includes(type);
}
