// @ts-check
/**
 * The connection of this page to the live service: one tagged union, one pure `next(state, event, ctx)`.
 *
 * Nothing here opens a socket, reads a clock or draws a random number. Effects are data, performed in order by
 * session.js (those on the store) and live.js (all others), which report back with events.
 *
 * NotConnected ──start──► Connecting ──open──► Connected{loading│subscribing│catchingUp│live│refreshing} ▲
 * ▲      │ close            │ close, silence, gap, bye │ stop, 45xx        │      ▼                  ▼
 * └───────────────── Reconnecting ◄─────────────┘        any of them ──suspend──► Suspended ──resume──► Connecting
 */

/** @import {ControlFrame, LogEvent, Outcome, ServerFrame, Snapshot} from '../types.js' */
/**
 * @import {Connected, Connecting, Ctx, Diagnosis, Effect, Event, Memory, Need, NotConnected, Phase, Problem,
 *   Reconnecting, State, Step, Suspended} from './shapes.js'
 */

import { CLOSE_CODES, PROTOCOL } from '../words.js';
import { byeText, closeText, explain, mayReturn } from './explain.js';
import {
  CONNECT_MS,
  MAX_COMEBACK_MS,
  MAX_SPREAD_MS,
  heartbeatEvery,
  isHealthy,
  recentResyncs,
  rested,
  retryDelay,
  silenceAt,
  tooLate,
  wakeAt,
  withTimer,
  within,
} from './timing.js';

export const MANY_RESYNCS = 3;
export const ASK_AFTER_FAILURES = 3;
export const MAX_HELD = 1_000;
const CLOSED = 'SERVICE_UNAVAILABLE';

/** @type {State} */
export const INITIAL = {
  tag: 'NotConnected',
  why: 'idle',
  memory: {
    generation: 0,
    failures: 0,
    gaps: 0,
    resyncs: [],
    need: { step: 'none' },
    requests: 0,
    diagnosis: { step: 'none' },
    asking: false,
    reason: null,
    build: null,
    heartbeatMs: heartbeatEvery(),
    spreadMs: 0,
    skew: 0,
    liveAt: null,
    currentAt: null,
  },
};

/* ---------------------------------------------------------------- next */

/**
 * @param {State} before
 * @param {Event} event
 * @param {Ctx} ctx
 * @returns {Step}
 */
export function next(before, event, ctx) {
  const { state, effects } = step(rested(before, ctx.now), event, ctx);
  return { state, effects: withTimer(effects, event, wakeAt(before), wakeAt(state)) };
}

/**
 * @param {State} state
 * @param {Event} event
 * @param {Ctx} ctx
 * @returns {Step}
 */
function step(state, event, ctx) {
  if ('generation' in event && event.generation !== state.memory.generation) return stay(state);
  switch (state.tag) {
    case 'NotConnected':
      return whenNotConnected(state, event, ctx);
    case 'Connecting':
      return whenConnecting(state, event, ctx);
    case 'Connected':
      return whenConnected(state, event, ctx);
    case 'Reconnecting':
      return whenReconnecting(state, event, ctx);
    case 'Suspended':
      return whenSuspended(state, event, ctx);
    default:
      return never(state);
  }
}

/**
 * @param {NotConnected} state
 * @param {Event} event
 * @param {Ctx} ctx
 * @returns {Step}
 */
function whenNotConnected(state, event, ctx) {
  switch (event.type) {
    case 'start':
      return connect({ ...state.memory, reason: null }, ctx);
    case 'wake':
    case 'open':
    case 'error':
    case 'garbled':
    case 'close':
    case 'frame':
    case 'outcome':
    case 'stop':
    case 'suspend':
    case 'resume':
    case 'tick':
    case 'snapshot':
    case 'snapshotFailed':
    case 'liveAnswer':
    case 'liveFailed':
      return stay(state);
    default:
      return never(event);
  }
}

/**
 * @param {Connecting} state
 * @param {Event} event
 * @param {Ctx} ctx
 * @returns {Step}
 */
function whenConnecting(state, event, ctx) {
  switch (event.type) {
    case 'open':
      return opened(state, ctx);
    case 'close':
      return closed(state, event, ctx);
    // A socket that the CSP forbids fires `error` and never `close`.
    case 'error':
    case 'garbled':
      return lose(state, ctx, { reason: closeText(1006) });
    case 'wake':
    case 'tick':
      return ctx.now >= state.deadline
        ? lose(state, ctx, { reason: 'the connection did not open in time' })
        : askIfDue(state, event, ctx);
    case 'stop':
      return stopped(state);
    case 'suspend':
      return suspended(state);
    case 'snapshot':
    case 'snapshotFailed':
    case 'liveAnswer':
    case 'liveFailed':
      return answered(state, event, ctx);
    case 'start':
    case 'resume':
    case 'frame':
    case 'outcome':
      return stay(state);
    default:
      return never(event);
  }
}

/**
 * @param {Connected} state
 * @param {Event} event
 * @param {Ctx} ctx
 * @returns {Step}
 */
function whenConnected(state, event, ctx) {
  const silent = ctx.now >= silenceAt(state);
  switch (event.type) {
    // A late frame may come from before the machine slept: only a new connection knows.
    case 'frame':
      return silent
        ? lose(state, ctx, { reason: 'the server fell silent' })
        : framed({ ...state, lastFrameAt: ctx.now }, event.frame, ctx);
    case 'outcome':
      return applied(state, event.outcome, ctx);
    case 'close':
      return closed(state, event, ctx);
    case 'garbled':
      return lose(state, ctx, { reason: closeText(CLOSE_CODES.INVALID_PAYLOAD) });
    case 'wake':
      return silent ? lose(state, ctx, { reason: 'the server fell silent', delay: 0 }) : askIfDue(state, event, ctx);
    case 'tick':
      return silent || tooLate(state, ctx.now)
        ? lose(state, ctx, { reason: 'the server fell silent' })
        : askIfDue(state, event, ctx);
    case 'stop':
      return stopped(state);
    case 'suspend':
      return suspended(state);
    case 'snapshot':
    case 'snapshotFailed':
    case 'liveAnswer':
    case 'liveFailed':
      return answered(state, event, ctx);
    case 'start':
    case 'resume':
    case 'open':
    case 'error':
      return stay(state);
    default:
      return never(event);
  }
}

/**
 * @param {Reconnecting} state
 * @param {Event} event
 * @param {Ctx} ctx
 * @returns {Step}
 */
function whenReconnecting(state, event, ctx) {
  switch (event.type) {
    case 'wake':
      return connect(hurried(state.memory), ctx);
    case 'tick':
      return ctx.now >= state.retryAt ? connect(state.memory, ctx) : askIfDue(state, event, ctx);
    case 'stop':
      return stopped(state);
    case 'suspend':
      return suspended(state);
    case 'snapshot':
    case 'snapshotFailed':
    case 'liveAnswer':
    case 'liveFailed':
      return answered(state, event, ctx);
    case 'start':
    case 'resume':
    case 'open':
    case 'error':
    case 'garbled':
    case 'close':
    case 'frame':
    case 'outcome':
      return stay(state);
    default:
      return never(event);
  }
}

/**
 * The browser has stopped the page: only `resume` counts, and `wake` where a browser forgets to say it; all else is from
 * before.
 * @param {Suspended} state
 * @param {Event} event
 * @param {Ctx} ctx
 * @returns {Step}
 */
function whenSuspended(state, event, ctx) {
  switch (event.type) {
    case 'resume':
    case 'wake':
      return connect(hurried(state.memory), ctx);
    case 'stop':
      return stopped(state);
    case 'start':
    case 'suspend':
    case 'tick':
    case 'open':
    case 'error':
    case 'garbled':
    case 'close':
    case 'frame':
    case 'outcome':
    case 'snapshot':
    case 'snapshotFailed':
    case 'liveAnswer':
    case 'liveFailed':
      return stay(state);
    default:
      return never(event);
  }
}

/* ---------------------------------------------------------------- coming and going */

/**
 * Opens a new socket, and asks for a snapshot beside it when there is nothing to resume from.
 * @param {Memory} memory
 * @param {Ctx} ctx
 * @returns {Step}
 */
function connect(memory, ctx) {
  const generation = memory.generation + 1;
  const { memory: ready, effects } = needsAsking(memory, ctx) ? ask(memory) : { memory, effects: [] };
  return {
    state: { tag: 'Connecting', memory: { ...ready, generation }, deadline: ctx.now + CONNECT_MS },
    effects: [...effects, { type: 'openSocket', generation }],
  };
}

/**
 * @param {Connecting} state
 * @param {Ctx} ctx
 * @returns {Step}
 */
function opened({ memory }, ctx) {
  const connected = /** @type {Connected} */ ({
    tag: 'Connected',
    memory,
    phase: { name: 'loading' },
    lastFrameAt: ctx.now,
  });
  const { epoch, seq } = ctx.cursor;
  return memory.need.step === 'none' && epoch !== null ? subscribe(connected, { epoch, seq }, ctx) : stay(connected);
}

/**
 * @param {Connected} state
 * @param {{epoch: string, seq: number}} cursor
 * @param {Ctx} ctx
 * @returns {Step}
 */
function subscribe(state, { epoch, seq }, ctx) {
  const message = /** @type {const} */ ({ type: 'subscribe', protocol: PROTOCOL, epoch, since: seq });
  return {
    state: { ...state, phase: { name: 'subscribing', deadline: ctx.now + CONNECT_MS } },
    effects: [{ type: 'send', generation: state.memory.generation, message }],
  };
}

/**
 * @param {Connecting | Connected} state
 * @param {{code: number, reason?: string}} close
 * @param {Ctx} ctx
 * @returns {Step}
 */
function closed(state, { code, reason }, ctx) {
  if (mayReturn(code)) return lose(state, ctx, { reason: closeText(code, reason) });
  return stay({
    tag: 'NotConnected',
    why: 'refused',
    memory: { ...atRest(state.memory), reason: closeText(code, reason) },
  });
}

/**
 * Gives up this socket and plans the next try. Only a connection that never became healthy counts as a failed try.
 * @param {Connecting | Connected} state
 * @param {Ctx} ctx
 * @param {{reason: string, delay?: number, snapshot?: boolean, planned?: boolean}} why
 * @returns {Step}
 */
function lose(state, ctx, { reason, delay, snapshot = false, planned = false }) {
  const failures = planned || isHealthy(state, ctx.now) ? state.memory.failures : state.memory.failures + 1;
  const retryAt = ctx.now + (delay ?? retryDelay(failures, ctx.random));
  const lost = { ...state.memory, failures, reason };
  const fetching = snapshot ? askAfter(lost, lost.spreadMs * ctx.random, ctx) : { memory: lost, effects: [] };
  const asking = failures >= ASK_AFTER_FAILURES && !lost.asking;
  /** @type {Effect[]} */
  const effects = [{ type: 'closeSocket', generation: lost.generation }, ...fetching.effects];
  if (asking) effects.push({ type: 'askLive' });
  return {
    state: { tag: 'Reconnecting', retryAt, memory: { ...fetching.memory, asking: asking || lost.asking } },
    effects,
  };
}

/**
 * @param {Connecting | Connected | Reconnecting | Suspended} state
 * @returns {Step}
 */
function stopped(state) {
  return { state: { tag: 'NotConnected', why: 'stopped', memory: atRest(state.memory) }, effects: hangUp(state) };
}

/**
 * Whatever is on its way is not waited for.
 * @param {Memory} memory
 * @returns {Memory}
 */
function atRest(memory) {
  return { ...memory, need: none(), asking: false };
}

/**
 * Its requests may never be answered: what was asked is asked again on resume.
 * @param {Connecting | Connected | Reconnecting} state
 * @returns {Step}
 */
function suspended(state) {
  const { need } = state.memory;
  const again = /** @type {const} */ ({ step: 'waiting', at: 0, failures: 0, problem: null });
  const memory = { ...state.memory, asking: false, need: need.step === 'asked' ? again : need };
  return { state: { tag: 'Suspended', memory }, effects: hangUp(state) };
}

/**
 * @param {State} state
 * @returns {Effect[]}
 */
function hangUp({ tag, memory }) {
  return tag === 'Connecting' || tag === 'Connected' ? [{ type: 'closeSocket', generation: memory.generation }] : [];
}

/* ---------------------------------------------------------------- frames */

/**
 * @param {Connected} state
 * @param {ServerFrame} frame
 * @param {Ctx} ctx
 * @returns {Step}
 */
function framed(state, frame, ctx) {
  switch (frame.type) {
    case 'welcome':
      return state.phase.name === 'subscribing' ? welcomed(state, frame, ctx) : stay(state);
    case 'heartbeat':
      return heartbeat(state, frame, ctx);
    case 'resync':
      return state.phase.name === 'loading' ? stay(state) : resync(state, frame, ctx);
    case 'bye':
      return dismissed(state, frame, ctx);
    case 'run_output':
    case 'workspaces_changed':
      return { state, effects: [{ type: 'receive', frame }] };
    default:
      return 'seq' in frame && 'at' in frame ? numbered(state, frame, ctx) : stay(state);
  }
}

/**
 * The server says when to come back, and knows better than any diagnosis why it is not live now.
 * @param {Connected} state
 * @param {Extract<ControlFrame, {type: 'bye'}>} frame
 * @param {Ctx} ctx
 * @returns {Step}
 */
function dismissed(state, { delayMs, reason, detail }, ctx) {
  const memory = { ...state.memory, diagnosis: /** @type {const} */ ({ step: 'none' }) };
  const delay = within(delayMs, MAX_COMEBACK_MS);
  return lose({ ...state, memory }, ctx, { reason: byeText(reason, detail), delay, planned: true });
}

/**
 * @param {Connected} state
 * @param {Extract<ControlFrame, {type: 'welcome'}>} frame
 * @param {Ctx} ctx
 * @returns {Step}
 */
function welcomed(state, frame, ctx) {
  if (frame.epoch !== ctx.cursor.epoch) return lose(state, ctx, { reason: 'the log was replaced', snapshot: true });
  const memory = {
    ...state.memory,
    heartbeatMs: heartbeatEvery(frame.heartbeatMs),
    spreadMs: within(frame.spreadMs, MAX_SPREAD_MS),
    skew: frame.now - ctx.now,
    build: ctx.page.build === null || frame.build === ctx.page.build ? null : frame.build,
    diagnosis: /** @type {const} */ ({ step: 'none' }),
  };
  return arrive(
    { ...state, memory, phase: { name: 'catchingUp', head: frame.seq, since: ctx.now } },
    ctx.cursor.seq,
    ctx,
  );
}

/**
 * Live is only what has reached the head that `welcome` named.
 * @param {Connected} state
 * @param {number} seq the cursor
 * @param {Ctx} ctx
 * @returns {Step}
 */
function arrive(state, seq, ctx) {
  const { phase } = state;
  if (phase.name !== 'catchingUp' || seq < phase.head) return stay(state);
  const memory = { ...state.memory, reason: null, liveAt: ctx.now, currentAt: serverTime(state.memory, ctx) };
  return { state: { ...state, memory, phase: { name: 'live', since: phase.since } }, effects: [{ type: 'revive' }] };
}

/**
 * Its `seq` is what the server has sent to this connection: a difference reveals a lost event, even the last one.
 * @param {Connected} state
 * @param {Extract<ControlFrame, {type: 'heartbeat'}>} frame
 * @param {Ctx} ctx
 * @returns {Step}
 */
function heartbeat(state, { seq, spreadMs, now }, ctx) {
  if (isStreaming(state.phase) && seq !== ctx.cursor.seq) return gap(state, ctx);
  const memory = {
    ...state.memory,
    skew: now - ctx.now,
    spreadMs: within(spreadMs, MAX_SPREAD_MS),
    currentAt: state.phase.name === 'live' ? now : state.memory.currentAt,
  };
  const message = /** @type {const} */ ({ type: 'pong', seq: ctx.cursor.seq });
  return { state: { ...state, memory }, effects: [{ type: 'send', generation: memory.generation, message }] };
}

/**
 * @param {Connected} state
 * @param {LogEvent} event
 * @param {Ctx} ctx
 * @returns {Step}
 */
function numbered(state, event, ctx) {
  if (isStreaming(state.phase))
    return { state, effects: [{ type: 'apply', event, generation: state.memory.generation }] };
  if (state.phase.name !== 'refreshing') return stay(state);
  const held = [...state.phase.held, event];
  if (held.length > MAX_HELD) return lose(state, ctx, { reason: 'reading the board took too long' });
  return stay({ ...state, phase: { name: 'refreshing', held } });
}

/**
 * What the store said to an event.
 * @param {Connected} state
 * @param {Outcome} outcome
 * @param {Ctx} ctx
 * @returns {Step}
 */
function applied(state, outcome, ctx) {
  switch (outcome) {
    case 'gap':
      return isStreaming(state.phase) ? gap(state, ctx) : stay(state);
    case 'reset':
      return isStreaming(state.phase) ? refresh(state, ctx) : stay(state);
    case 'applied':
    case 'dropped':
      return arrive(current(state, ctx), ctx.cursor.seq, ctx);
    default:
      return never(outcome);
  }
}

/**
 * @param {Connected} state
 * @param {Ctx} ctx
 * @returns {Connected}
 */
function current(state, ctx) {
  if (state.phase.name !== 'live') return state;
  return { ...state, memory: { ...state.memory, currentAt: serverTime(state.memory, ctx) } };
}

/**
 * Something is missing: once more from the last good cursor; the second time in a row from a snapshot.
 * @param {Connected} state
 * @param {Ctx} ctx
 * @returns {Step}
 */
function gap(state, ctx) {
  const gaps = state.memory.gaps + 1;
  const marked = { ...state, memory: { ...state.memory, gaps: gaps < 2 ? gaps : 0 } };
  return lose(marked, ctx, { reason: 'an update was missing', snapshot: gaps >= 2 });
}

/**
 * The stream goes on from where it is: nothing needs a new subscription. All pages read this event in one instant.
 * @param {Connected} state
 * @param {Ctx} ctx
 * @returns {Step}
 */
function refresh(state, ctx) {
  const { memory, effects } = askAfter(state.memory, state.memory.spreadMs * ctx.random, ctx);
  return { state: { ...state, memory, phase: { name: 'refreshing', held: [] } }, effects };
}

/**
 * The server sends nothing but heartbeats until the next `subscribe`, which follows the snapshot on this same socket. A
 * workspace that a person switched is no sign of trouble, and not counted.
 * @param {Connected} state
 * @param {Extract<ControlFrame, {type: 'resync'}>} frame
 * @param {Ctx} ctx
 * @returns {Step}
 */
function resync(state, { reason, delayMs }, ctx) {
  const resyncs = recentResyncs(state.memory, ctx.now).concat(reason === 'workspace' ? [] : [ctx.now]);
  const counted = { ...state.memory, resyncs, reason: 'the board is read anew' };
  const pause = resyncs.length < MANY_RESYNCS ? 0 : retryDelay(resyncs.length - MANY_RESYNCS, ctx.random);
  const { memory, effects } = askAfter(counted, Math.max(within(delayMs, MAX_SPREAD_MS), pause), ctx);
  return { state: { ...state, memory, phase: { name: 'loading' } }, effects };
}

/* ---------------------------------------------------------------- answers over HTTP */

/**
 * @template {Connecting | Connected | Reconnecting} S
 * @param {S} state
 * @param {Extract<Event, {type: 'snapshot'|'snapshotFailed'|'liveAnswer'|'liveFailed'}>} event
 * @param {Ctx} ctx
 * @returns {Step}
 */
function answered(state, event, ctx) {
  const { need } = state.memory;
  switch (event.type) {
    case 'snapshot':
      return need.step === 'asked' && need.id === event.id ? swap(state, event.snapshot, ctx) : stay(state);
    case 'snapshotFailed':
      return need.step === 'asked' && need.id === event.id ? askLater(state, need, event.problem, ctx) : stay(state);
    case 'liveAnswer':
      return diagnosed(state, { step: 'explained', text: explain(event.answer, ctx.page) });
    case 'liveFailed':
      return diagnosed(state, { step: 'unreachable' });
    default:
      return never(event);
  }
}

/**
 * @param {Connecting | Connected | Reconnecting} state
 * @param {Snapshot} snapshot
 * @param {Ctx} ctx
 * @returns {Step}
 */
function swap(state, snapshot, ctx) {
  const taken = /** @type {const} */ ({ type: 'swap', snapshot });
  const memory = { ...state.memory, need: none(), currentAt: serverTime(state.memory, ctx) };
  const { state: after, effects } =
    state.tag === 'Connected'
      ? follow({ ...state, memory }, snapshot, ctx)
      : stay(hurriedBack({ ...state, memory }, isClosed(state.memory), ctx));
  return { state: after, effects: [taken, ...effects] };
}

/**
 * A workspace has just been opened: the live service is worth another try.
 * @template {Connecting | Reconnecting} S
 * @param {S} state
 * @param {boolean} opened
 * @param {Ctx} ctx
 * @returns {S}
 */
function hurriedBack(state, opened, ctx) {
  if (!opened || state.tag !== 'Reconnecting') return state;
  return { ...state, retryAt: ctx.now, memory: { ...state.memory, failures: 0 } };
}

/**
 * @param {Connected} state
 * @param {Snapshot} snapshot
 * @param {Ctx} ctx
 * @returns {Step}
 */
function follow(state, snapshot, ctx) {
  const { phase, memory } = state;
  if (phase.name === 'loading') return subscribe(state, snapshot, ctx);
  if (phase.name !== 'refreshing') return stay(state);
  const head = Math.max(snapshot.seq, ...phase.held.map(({ seq }) => seq));
  const { state: after, effects } = arrive(
    { ...state, phase: { name: 'catchingUp', head, since: ctx.now } },
    snapshot.seq,
    ctx,
  );
  return {
    state: after,
    effects: [
      ...effects,
      ...phase.held.map((event) => /** @type {const} */ ({ type: 'apply', event, generation: memory.generation })),
    ],
  };
}

/**
 * @param {Memory} memory
 * @returns {{memory: Memory, effects: Effect[]}}
 */
function ask(memory) {
  const id = memory.requests + 1;
  const { failures, problem } = memory.need.step === 'none' ? { failures: 0, problem: null } : memory.need;
  return {
    memory: { ...memory, requests: id, need: { step: 'asked', id, failures, problem } },
    effects: [{ type: 'fetchSnapshot', id }],
  };
}

/**
 * Asks at a moment of this page's own: where all pages need a snapshot, they must not ask in one instant.
 * @param {Memory} memory
 * @param {number} delay
 * @param {Ctx} ctx
 * @returns {{memory: Memory, effects: Effect[]}}
 */
function askAfter(memory, delay, ctx) {
  if (delay < 1) return ask(memory);
  const need = /** @type {const} */ ({ step: 'waiting', at: ctx.now + delay, failures: 0, problem: null });
  return { memory: { ...memory, need }, effects: [] };
}

/**
 * Whoever waits for a workspace to be opened asks often.
 * @param {Connecting | Connected | Reconnecting} state
 * @param {{failures: number}} need
 * @param {Problem} problem
 * @param {Ctx} ctx
 * @returns {Step}
 */
function askLater(state, { failures }, problem, ctx) {
  const at = ctx.now + retryDelay(problem.code === CLOSED ? 0 : failures, ctx.random);
  const need = /** @type {const} */ ({ step: 'waiting', at, failures: failures + 1, problem });
  return stay({ ...state, memory: { ...state.memory, need } });
}

/**
 * @param {Connecting | Connected | Reconnecting} state
 * @param {Event} event
 * @param {Ctx} ctx
 * @returns {Step}
 */
function askIfDue(state, event, ctx) {
  const { need } = state.memory;
  if (need.step !== 'waiting' || (event.type !== 'wake' && ctx.now < need.at)) return stay(state);
  const { memory, effects } = ask(state.memory);
  return { state: { ...state, memory }, effects };
}

/**
 * @param {Memory} memory
 * @returns {Memory}
 */
function hurried(memory) {
  return memory.need.step === 'waiting' ? { ...memory, need: { ...memory.need, at: 0 } } : memory;
}

/**
 * @param {Memory} memory
 * @param {Ctx} ctx
 */
function needsAsking({ need }, { now, cursor }) {
  return need.step === 'none' ? cursor.epoch === null : need.step === 'waiting' && now >= need.at;
}

/**
 * @param {Connecting | Connected | Reconnecting} state
 * @param {Diagnosis} diagnosis
 * @returns {Step}
 */
function diagnosed(state, diagnosis) {
  const live = state.tag === 'Connected' && isStreaming(state.phase);
  return stay({
    ...state,
    memory: { ...state.memory, asking: false, diagnosis: live ? state.memory.diagnosis : diagnosis },
  });
}

/* ---------------------------------------------------------------- small things */

/**
 * @param {Memory} memory
 * @param {Ctx} ctx
 */
function serverTime({ skew }, { now }) {
  return now + skew;
}

/** No workspace is open. @param {Memory} memory */
export function isClosed({ need }) {
  return need.step !== 'none' && need.problem?.code === CLOSED;
}

/** Between `welcome` and `resync`. @param {Phase} phase */
function isStreaming({ name }) {
  return name === 'catchingUp' || name === 'live';
}

/** @returns {Need} */
function none() {
  return { step: 'none' };
}

/**
 * @param {State} state
 * @returns {Step}
 */
function stay(state) {
  return { state, effects: [] };
}

/**
 * @param {never} value
 * @returns {never}
 */
function never(value) {
  throw new Error(`not handled: ${JSON.stringify(value)}`);
}
