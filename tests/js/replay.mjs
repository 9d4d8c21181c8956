// @ts-check
/**
 * Replays golden transcripts through the real page: `node tests/js/replay.mjs tests/js/transcripts/*.jsonl`.
 *
 * `python -m tests.helpers.recorder FILE` makes one. A transcript (`*.jsonl`) is what one client of the real servers
 * saw, one JSON object with one key a line, in order: {"snapshot": <data of GET /api/snapshot>}   taken at the start,
 * and after each `resync` or `reset` {"socket": "open"} or {"socket": "close", "code": 1006} {"frame": <message>}
 * as received from the sidecar {"final": <data of GET /api/snapshot>}      last line, taken when the stream had come to
 * rest Time stands still, so at most two resyncs are not of a workspace. The page must not hang up by itself, must ask
 * for a snapshot exactly where one follows, and must end at `final`.
 */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** @import {Event} from '../../static/js/connection/shapes.js' */
/** @import {Snapshot} from '../../static/js/types.js' */
/** @import {OuterEffect} from '../../static/js/connection/session.js' */

import { createSession } from '../../static/js/connection/session.js';
import { canonical, createStore } from '../../static/js/store.js';

/** @typedef {{snapshot?: Snapshot, socket?: 'open'|'close', code?: number, frame?: any, final?: Snapshot}} Line */

/** Throws when the page does not end where the server was. @param {string} text of a transcript */
export function replay(text) {
  const lines = /** @type {Line[]} */ (
    text
      .split('\n')
      .filter((line) => line.trim())
      .map((line) => JSON.parse(line))
  );
  assert.ok(lines.at(-1)?.final, 'the last line is "final"');
  const page = createPage();
  lines.forEach((line, index) => {
    try {
      page.read(line);
    } catch (error) {
      throw new Error(`line ${index + 1}: ${/** @type {Error} */ (error).message}`, { cause: error });
    }
  });
}

function createPage() {
  /** The snapshot that the page waits for. @type {number|null} */
  let asked = null;
  const store = createStore({ onError: fail });
  const page = { origin: 'http://localhost', webSocketUrl: 'ws://localhost/ws', build: null };
  const session = createSession({ store, page, now: () => 0, random: () => 0 });
  perform(session.dispatch({ type: 'start' }));

  /** @param {OuterEffect[]} effects */
  function perform(effects) {
    for (const effect of effects) {
      if (effect.type === 'report') fail(effect.error);
      if (effect.type === 'fetchSnapshot') asked = effect.id;
    }
  }

  /** @param {Event} event */
  function dispatch(event) {
    perform(session.dispatch(event));
  }

  /** @param {Line} line */
  function read({ snapshot, socket, code = 1006, frame, final }) {
    const { generation } = session.state.memory;
    if (snapshot) return take(snapshot);
    if (socket === 'open') return open();
    if (socket === 'close') return dispatch({ type: 'close', generation, code });
    if (frame) return receive(frame);
    if (final) assert.deepEqual(canonical(store.state), sorted(final));
  }

  /** @param {Snapshot} snapshot */
  function take(snapshot) {
    assert.notEqual(asked, null, 'the page did not ask for a snapshot here');
    const id = /** @type {number} */ (asked);
    asked = null;
    dispatch({ type: 'snapshot', id, snapshot });
  }

  function open() {
    if (session.state.tag === 'Reconnecting') dispatch({ type: 'wake' });
    dispatch({ type: 'open', generation: session.state.memory.generation });
  }

  /** @param {any} frame */
  function receive(frame) {
    dispatch({ type: 'frame', generation: session.state.memory.generation, frame });
    const isEnd = frame.type === 'bye';
    assert.equal(
      session.state.tag,
      isEnd ? 'Reconnecting' : 'Connected',
      `the page hung up: ${session.state.memory.reason}`,
    );
  }

  return { read };
}

/**
 * @param {unknown} error
 * @returns {never}
 */
function fail(error) {
  throw error;
}

/** The form of `canonical`. @param {Snapshot} snapshot */
function sorted({ epoch, seq, tasks, agents, providers, runs, config, configPath }) {
  /**
   * @template T
   * @param {T[]} list
   * @param {(each: T) => string} key
   */
  const by = (list, key) => [...list].sort((a, b) => (key(a) < key(b) ? -1 : 1));
  return {
    epoch,
    seq,
    tasks: by(tasks, ({ id }) => id),
    agents: by(agents, ({ name }) => name),
    providers: by(providers, ({ name }) => name),
    runs: by(runs, ({ id }) => id),
    config,
    configPath,
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const file of process.argv.slice(2)) {
    replay(readFileSync(file, 'utf8'));
    process.stdout.write(`${file}: ends at the server's state\n`);
  }
}
