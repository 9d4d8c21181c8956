// @ts-check
/** What live.js touches of a browser, in the hands of the test: time, timers, sockets, requests, the page's events. */

/** @import {Surroundings} from '../../../static/js/connection/live.js' */

import { createClock } from '../../../static/js/connection/clock.js';
import { createLive } from '../../../static/js/connection/live.js';
import { createStore } from '../../../static/js/store.js';

/** @param {Partial<Surroundings>} [more] */
export function createBrowser(more = {}) {
  let now = 0; // of the clock that nobody sets
  let set = 0; // of the other one, before it
  /** @type {Map<number, {at: number, action: () => void}>} */
  const timers = new Map();
  let timerIds = 0;
  /** @type {FakeSocket[]} */
  const sockets = [];
  /**
   * @type {{path: string, resolve: (answer: any) => void, reject: (error: unknown) => void, signal?: AbortSignal}[]}
   */
  const requests = [];
  /** @type {unknown[]} */
  const errors = [];

  class FakeSocket {
    /** @type {any} */
    onopen = null;
    /** @type {any} */
    onclose = null;
    /** @type {any} */
    onerror = null;
    /** @type {any} */
    onmessage = null;
    readyState = 0;
    /** @type {any[]} */
    sent = [];
    closed = false;

    /** @param {string} url */
    constructor(url) {
      this.url = url;
      sockets.push(this);
    }

    /** @param {string} text */
    send(text) {
      this.sent.push(JSON.parse(text));
    }

    close() {
      this.closed = true;
      this.readyState = 3;
    }

    open() {
      this.readyState = 1;
      this.onopen?.();
    }

    /** @param {any} frame */
    receive(frame) {
      this.onmessage?.({ data: typeof frame === 'string' ? frame : JSON.stringify(frame) });
    }

    /** @param {number} code */
    end(code, reason = '') {
      this.readyState = 3;
      this.onclose?.({ code, reason });
    }
  }

  const document = Object.assign(new EventTarget(), {
    visibilityState: /** @type {DocumentVisibilityState} */ ('visible'),
    documentElement: { dataset: /** @type {DOMStringMap} */ ({}) },
  });
  const window = Object.assign(new EventTarget(), { location: { origin: 'http://localhost:8080' } });
  const store = createStore();
  const live = createLive(
    /** @type {any} */ ({
      store,
      api: {
        get: (/** @type {string} */ path, /** @type {any} */ { signal } = {}) =>
          new Promise((resolve, reject) => requests.push({ path, resolve, reject, signal })),
      },
      config: { webSocketUrl: 'ws://localhost:8081/ws', build: 'one', openToNetwork: false },
      WebSocket: FakeSocket,
      clock: createClock({ wall: () => now + set, steady: () => now }),
      random: () => 0.5,
      timers: {
        setTimeout: (/** @type {() => void} */ action, /** @type {number} */ ms) => (
          timers.set(++timerIds, { at: now + ms, action }),
          timerIds
        ),
        clearTimeout: (/** @type {number} */ id) => timers.delete(id),
      },
      document,
      window,
      onError: (/** @type {unknown} */ error) => errors.push(error),
      ...more,
    }),
  );

  /** Rings what is due, in order. @param {number} ms */
  function pass(ms) {
    const end = now + ms;
    for (;;) {
      const [id, timer] = [...timers].filter(([, { at }]) => at <= end).sort(([, a], [, b]) => a.at - b.at)[0] ?? [];
      if (id === undefined || !timer) break;
      timers.delete(id);
      now = Math.max(now, timer.at);
      timer.action();
    }
    now = end;
  }

  return {
    live,
    store,
    sockets,
    requests,
    errors,
    document,
    window,
    timers,
    pass,
    /** The machine sleeps (no timer rings, and the steady clock stands still), or its clock is set. @param {number} ms */
    setClock: (ms) => void (set += ms),
    get dataset() {
      return document.documentElement.dataset;
    },
    get socket() {
      return /** @type {FakeSocket} */ (sockets.at(-1));
    },
    /** The newest request for a path that is not answered yet. @param {string} path */
    request(path) {
      const at = requests.findLastIndex((each) => each.path.startsWith(path));
      if (at < 0) throw new Error(`nobody asks for ${path}, but for ${requests.map((each) => each.path)}`);
      return /** @type {(typeof requests)[number]} */ (requests.splice(at, 1)[0]);
    },
    /**
     * @param {string} path
     * @param {any} data
     * @param {number} [seq]
     */
    async answer(path, data, seq = 0) {
      this.request(path).resolve({ data, asOf: { epoch: 'e1', seq }, seqHeader: `e1:${seq}` });
      await settled();
    },
    /**
     * @param {string} path
     * @param {unknown} error
     */
    async refuse(path, error) {
      this.request(path).reject(error);
      await settled();
    },
    /** @param {any} snapshot */
    async goLive(snapshot) {
      live.start();
      await this.answer('/api/snapshot', snapshot);
      this.socket.open();
      this.socket.receive({
        type: 'welcome',
        protocol: 1,
        build: 'one',
        epoch: snapshot.epoch,
        seq: snapshot.seq,
        heartbeatMs: 5_000,
        now,
      });
    },
  };
}

/** Lets promises that are settled run on. */
export function settled() {
  return new Promise((resolve) => setImmediate(resolve));
}
