// @ts-check
/**
 * The shell of the connection: does what session.js asks for (sockets, timers, requests) and reports back.
 * It decides nothing. Everything it touches of the browser is an argument.
 *
 * On <html> it writes data-connection, data-seq, data-epoch and data-snapshots, which browser tests wait on.
 */

/** @import {Changes, LiveStatus, Moment, PartKey, Snapshot} from '../types.js' */
/** @import {Api} from '../api.js' */
/** @import {PartRequest} from '../parts.js' */
/** @import {Store} from '../store.js' */
/** @import {Clock} from './clock.js' */
/** @import {PageConfig} from './config.js' */
/** @import {Event} from './shapes.js' */
/** @import {OuterEffect} from './session.js' */

import { ApiError, parseSeq } from '../api.js';
import { createClock } from './clock.js';
import { createSession } from './session.js';
import { describe } from './status.js';

const SLOW_MS = 5_000;
const MINUTE_MS = 60_000;
const ASK_MS = 8_000;

/**
 * @typedef {Pick<WebSocket, 'send'|'close'|'readyState'> & Record<'onopen'|'onclose'|'onerror'|'onmessage', any>}
 *   Socket
 */
/** @typedef {ReturnType<typeof createLive>} Live */

/**
 * @typedef {Object} Surroundings
 * @property {Store} store
 * @property {Pick<Api, 'get'>} api
 * @property {PageConfig} config
 * @property {(publish: () => void) => void} [settle] calls `publish` once the views show the change, in the same task
 *   as their painting
 * @property {new (url: string) => Socket} [WebSocket]
 * @property {Clock} [clock]
 * @property {() => number} [random]
 * @property {{setTimeout: (action: () => void, ms: number) => any, clearTimeout: (timer: any) => void}} [timers]
 * @property {Pick<Document, 'addEventListener'|'removeEventListener'|'visibilityState'> & {documentElement: {dataset:
 *   DOMStringMap}}} [document]
 * @property {Pick<Window, 'addEventListener'|'removeEventListener'> & {location: {origin: string}}} [window]
 * @property {(error: unknown) => void} [onError]
 */

/** @param {Surroundings} surroundings */
export function createLive({
  store,
  api,
  config,
  settle = (publish) => publish(),
  WebSocket = globalThis.WebSocket,
  clock = createClock(),
  random = Math.random,
  timers = { setTimeout: (action, ms) => setTimeout(action, ms), clearTimeout: (timer) => clearTimeout(timer) },
  document = globalThis.document,
  window = globalThis.window,
  onError = console.error,
}) {
  const page = { origin: window.location.origin, webSocketUrl: config.webSocketUrl, build: config.build };
  const session = createSession({ store, page, now: clock.now, random });
  /** @type {{generation: number, socket: Socket}|null} */
  let open = null;
  /** @type {AbortController|null} */
  let snapshotRequest = null;
  /** @type {any} */
  let alarm = null;
  let shown = describe(session.state, clock.now());
  /** @type {Set<(status: LiveStatus) => void>} */
  const listeners = new Set();

  /* ------------------------------------------------------------ events in, effects out */

  /**
   * A frame that arrives after the machine has slept may come from before: it wakes first.
   * @param {Event} event
   */
  function dispatch(event) {
    if (clock.hasJumped()) perform(session.dispatch({ type: 'wake' }));
    perform(session.dispatch(event));
    announce();
  }

  /** @param {OuterEffect[]} effects */
  function perform(effects) {
    for (const effect of effects) performOne(effect);
  }

  /** @param {OuterEffect} effect */
  function performOne(effect) {
    switch (effect.type) {
      case 'openSocket':
        return openSocket(effect.generation);
      case 'closeSocket':
        return closeSocket(effect.generation);
      case 'send':
        return send(effect.generation, effect.message);
      case 'fetchSnapshot':
        return void fetchSnapshot(effect.id);
      case 'askLive':
        return void askLive();
      case 'readPart':
        return void readPart(effect);
      case 'readOlder':
        return void readOlder(effect);
      case 'timer':
        return setAlarm(effect.at);
      case 'report':
        return onError(effect.error);
      default:
        /** @type {never} */ (effect);
    }
  }

  /* ------------------------------------------------------------ socket and timer */

  /** @param {number} generation */
  function openSocket(generation) {
    try {
      const socket = new WebSocket(config.webSocketUrl);
      open = { generation, socket };
      socket.onopen = () => dispatch({ type: 'open', generation });
      socket.onerror = () => dispatch({ type: 'error', generation });
      socket.onclose = (/** @type {CloseEvent} */ { code, reason }) =>
        dispatch({ type: 'close', generation, code, reason });
      socket.onmessage = (/** @type {MessageEvent} */ { data }) => dispatch(parseFrame(data, generation));
    } catch (error) {
      onError(error);
      dispatch({ type: 'error', generation });
    }
  }

  /** @param {number} generation */
  function closeSocket(generation) {
    if (open?.generation !== generation) return;
    const { socket } = open;
    open = null;
    socket.onopen = socket.onerror = socket.onclose = socket.onmessage = null;
    socket.close();
  }

  /**
   * A socket that is closing takes nothing more; its `close` event follows.
   * @param {number} generation
   * @param {object} message
   */
  function send(generation, message) {
    if (open?.generation === generation && open.socket.readyState === 1) open.socket.send(JSON.stringify(message));
  }

  /** @param {number|null} at */
  function setAlarm(at) {
    timers.clearTimeout(alarm);
    alarm =
      at === null
        ? null
        : timers.setTimeout(() => dispatch({ type: 'tick' }), Math.max(1, Math.ceil(at - clock.now())));
  }

  /* ------------------------------------------------------------ requests */

  /** @param {number} id */
  async function fetchSnapshot(id) {
    snapshotRequest?.abort();
    snapshotRequest = new AbortController();
    publishSoon();
    try {
      const { data } = await api.get('/api/snapshot', { signal: snapshotRequest.signal });
      dispatch(
        isSnapshot(data)
          ? { type: 'snapshot', id, snapshot: data }
          : { type: 'snapshotFailed', id, problem: { code: 'BAD_ANSWER', message: 'The snapshot is malformed.' } },
      );
    } catch (error) {
      const { code, message } = asApiError(error);
      dispatch({ type: 'snapshotFailed', id, problem: { code, message } });
    }
  }

  async function askLive() {
    try {
      const { data } = await api.get('/api/live', { signal: AbortSignal.timeout(ASK_MS) });
      dispatch({ type: 'liveAnswer', answer: data });
    } catch {
      dispatch({ type: 'liveFailed' });
    }
  }

  /** @param {PartRequest} request */
  async function readPart({ key, id, path }) {
    try {
      const { asOf, data } = await api.get(path);
      perform(session.partAnswered(key, id, { asOf, data }));
    } catch (error) {
      const { status, code, message } = asApiError(error);
      perform(session.partFailed(key, id, { status, code, message }));
    }
  }

  /** @param {PartRequest} request */
  async function readOlder({ key, id, path }) {
    const answer = await api.get(path).catch(() => null);
    session.olderAnswered(key, id, answer);
  }

  /* ------------------------------------------------------------ parts that are on screen */

  /** @type {Map<PartKey, number>} */
  const users = new Map();

  /**
   * @param {PartKey} key
   * @returns {() => void} release: call it once, when the view goes
   */
  function openPart(key) {
    users.set(key, (users.get(key) ?? 0) + 1);
    if (users.get(key) === 1) perform(session.openPart(key));
    let released = false;
    return () => {
      if (released) return;
      released = true;
      releasePart(key);
    };
  }

  /** @param {PartKey} key */
  function releasePart(key) {
    const left = (users.get(key) ?? 1) - 1;
    if (left > 0) return void users.set(key, left);
    users.delete(key);
    session.closePart(key);
  }

  /* ------------------------------------------------------------ "saving…" */

  /** @type {Set<{moment: Moment, done: () => void}>} */
  const waiting = new Set();

  /** @param {Moment} moment */
  function hasReached({ epoch, seq }) {
    return store.state.epoch === epoch && store.state.seq >= seq;
  }

  /** A board read anew from another log holds whatever was saved before it. @param {Changes} changes */
  function releaseWaiting({ all }) {
    for (const waiter of [...waiting]) {
      if (!hasReached(waiter.moment) && !(all && waiter.moment.epoch !== store.state.epoch)) continue;
      waiting.delete(waiter);
      waiter.done();
    }
  }

  /* ------------------------------------------------------------ telling the views and the tests */

  let settling = false;

  function publishSoon() {
    if (settling) return;
    settling = true;
    settle(() => {
      settling = false;
      publish();
    });
  }

  function publish() {
    const { dataset } = document.documentElement;
    dataset.epoch = store.state.epoch ?? '';
    dataset.seq = String(store.state.seq);
    dataset.snapshots = String(session.state.memory.requests);
    dataset.connection = describe(session.state, clock.now()).kind;
  }

  /** `asOf` moves with every frame and is no news. */
  function announce() {
    const before = shown;
    shown = describe(session.state, clock.now());
    if (isSame(before, shown)) return;
    tell();
    publishSoon();
  }

  function tell() {
    for (const listener of [...listeners]) {
      try {
        listener(shown);
      } catch (error) {
        onError(error);
      }
    }
  }

  /* ------------------------------------------------------------ the page's life */

  const life = [
    { target: window, name: 'online', event: () => dispatch({ type: 'wake' }) },
    { target: window, name: 'focus', event: () => dispatch({ type: 'wake' }) },
    { target: window, name: 'pagehide', event: () => dispatch({ type: 'suspend' }) },
    { target: window, name: 'pageshow', event: () => dispatch({ type: 'resume' }) },
    { target: document, name: 'freeze', event: () => dispatch({ type: 'suspend' }) },
    { target: document, name: 'resume', event: () => dispatch({ type: 'resume' }) },
    {
      target: document,
      name: 'visibilitychange',
      event: () => document.visibilityState === 'visible' && dispatch({ type: 'wake' }),
    },
  ];

  /** @type {any} */
  let slowTimer = null;
  let slowAt = 0;

  function startSlowTimer() {
    slowAt = clock.now();
    slowTimer = timers.setTimeout(slowly, SLOW_MS);
  }

  /** Notices what no event tells (the machine slept, its clock was set), and turns the minute. */
  function slowly() {
    const before = slowAt;
    startSlowTimer();
    dispatch({ type: 'tick' });
    const { skew } = session.state.memory;
    if (Math.floor((before + skew) / MINUTE_MS) !== Math.floor((slowAt + skew) / MINUTE_MS)) tell();
  }

  /** @type {() => void} */
  let forget = () => {};

  return {
    start() {
      forget();
      forget = store.subscribe((changes) => {
        releaseWaiting(changes);
        publishSoon();
      });
      for (const { target, name, event } of life) target.addEventListener(name, event);
      startSlowTimer();
      dispatch({ type: 'start' });
      publishSoon();
    },

    stop() {
      for (const { target, name, event } of life) target.removeEventListener(name, event);
      timers.clearTimeout(slowTimer);
      snapshotRequest?.abort();
      dispatch({ type: 'stop' });
      forget();
      forget = () => {};
    },

    /** "Try now": also after the server has refused. */
    retry() {
      dispatch({ type: 'wake' });
      dispatch({ type: 'start' });
    },

    /** @returns {LiveStatus} */
    status: () => describe(session.state, clock.now()),

    /**
     * Called when the status changes, and each minute.
     * @param {(status: LiveStatus) => void} listener
     * @returns {() => void}
     */
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },

    openPart,

    /** @param {PartKey} key */
    retryPart: (key) => perform(session.retryPart(key)),

    /** One more page of a part that has older entries. @param {PartKey} key */
    loadOlder: (key) => perform(session.loadOlder(key)),

    /** The server's time, in ms. */
    now: () => clock.now() + session.state.memory.skew,

    /** Whether the board shows what an answer has saved. @param {string|null} seqHeader */
    isShown(seqHeader) {
      const moment = parseSeq(seqHeader);
      return moment === null || hasReached(moment);
    },

    /**
     * Resolves when it does.
     * @param {string|null} seqHeader
     * @returns {Promise<void>}
     */
    whenShown(seqHeader) {
      const moment = parseSeq(seqHeader);
      if (moment === null || hasReached(moment)) return Promise.resolve();
      return new Promise((done) => waiting.add({ moment, done }));
    },
  };
}

/**
 * @param {unknown} data
 * @param {number} generation
 * @returns {Event}
 */
function parseFrame(data, generation) {
  try {
    const frame = JSON.parse(/** @type {string} */ (data));
    if (typeof data === 'string' && typeof frame?.type === 'string') return { type: 'frame', generation, frame };
  } catch {
    // told below
  }
  return { type: 'garbled', generation };
}

/**
 * @param {any} data
 * @returns {data is Snapshot}
 */
function isSnapshot(data) {
  const lists = [data?.tasks, data?.agents, data?.providers, data?.runs];
  return typeof data?.epoch === 'string' && Number.isInteger(data.seq) && lists.every(Array.isArray);
}

/** @param {unknown} error */
function asApiError(error) {
  return error instanceof ApiError ? error : new ApiError(0, 'NETWORK', String(error));
}

/**
 * @param {LiveStatus} a
 * @param {LiveStatus} b
 */
function isSame(a, b) {
  return (
    a.kind === b.kind &&
    a.reason === b.reason &&
    a.advice === b.advice &&
    a.retryAt === b.retryAt &&
    a.closed === b.closed
  );
}
