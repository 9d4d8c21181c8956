// @ts-check
/**
 * The page's real rules (store, parts, state machine) as a program: JSON lines in, one JSON line out for each. `node
 * tests/js/bridge.mjs [folder of static/js]` (another folder: a mutant).
 *
 * Every request is `{"op": …}`, and may carry `now` (ms) and `random` (0 ≤ x < 1), which hold until they are set again
 * (at first 0 and 0.5), and `brief: true` (leaves `state` and `parts` out of the answer).
 *
 * | op | fields | what | |---|---|---| | new | page?: {build, origin, webSocketUrl} | forget all, begin with a fresh
 * page; `now` and `random` stay | | start, stop, suspend, resume, wake, tick | | these happen to the page; `tick`: its
 * timer rang (see `wakeAt`) | | clock | now, random? | only sets the time | | socket | event: open, close, error,
 * garbled; generation?, code?, reason? | happens to a socket (default: the newest) | | frame | frame, generation? | the
 * server's message arrives | | snapshot | snapshot or error (text); id? | answer to the effect `fetchSnapshot`
 * (default: the newest) | | live | answer, or nothing: unreachable | answer to the effect `askLive` | | open, close |
 * key | a view shows a part (`task:<id>`, `history:<id>`, `queue:<id>`, `runs:<id>`, `output:<runId>`), or no longer |
 * | partRequest | key | the same as open | | partAnswer | key, epoch, seq, data; id? | answer to the effect `readPart`
 * (default: the newest of that key) | | partError | key, status, code?, message?; id? | the same, failed | | retryPart
 * | key | a person asks again | | older | key | asks for older history: effect `readOlder` | | olderAnswer | key,
 * epoch, seq, data, or error: true; id? | its answer | | swap | snapshot | straight into the store, past the state
 * machine | | event | event | straight into the store; the answer has `outcome`: applied, dropped, gap, reset | | state
 * | | nothing happens |
 *
 * Answer: {ok: true, effects: [{type, …}], state: {epoch, seq, tasks, agents, providers, runs, config, configPath}
 * (lists sorted by id or name), workspaces, parts: {key: {status, data, error, asOf}}, connection: {tag, phase,
 * generation, need, failures, gaps, wakeAt}, status, outcome?}; or {ok: false, error}. Effects are to be performed in
 * their order: openSocket{generation}, closeSocket{generation}, send{generation, message}, fetchSnapshot{id}, askLive,
 * timer{at}, readPart{key, id, path}, readOlder{key, id, path}, report{error}.
 */

import { createInterface } from 'node:readline';
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** @typedef {{op: string, [field: string]: any}} Request */

const PAGE = { build: 'test', origin: 'http://localhost:8080', webSocketUrl: 'ws://localhost:8081/ws' };

/** @param {string} folder of the page's modules */
async function load(folder) {
  /** @param {string} file */
  const module = (file) => import(pathToFileURL(resolve(folder, file)).href);
  const [{ createStore, canonical }, { createSession }, { describe }, { wakeAt }] = await Promise.all(
    ['store.js', 'connection/session.js', 'connection/status.js', 'connection/timing.js'].map(module),
  );
  return { createStore, canonical, createSession, describe, wakeAt };
}

/** @param {Awaited<ReturnType<typeof load>>} rules */
function createBridge(rules) {
  let now = 0;
  let random = 0.5;
  /** @type {any} */
  let store;
  /** @type {any} */
  let session;
  /** Newest request of each part. @type {Map<string, number>} */
  let asked = new Map();

  /** @param {Partial<typeof PAGE>} page */
  function fresh(page = {}) {
    store = rules.createStore();
    session = rules.createSession({ store, page: { ...PAGE, ...page }, now: () => now, random: () => random });
    asked = new Map();
    return [];
  }

  /** @type {Record<string, (request: any) => any>} */
  const ops = {
    new: ({ page }) => fresh(page),
    clock: () => [],
    state: () => [],
    socket: ({ event, generation = newest(), code = 1006, reason = '' }) =>
      session.dispatch({ type: event, generation, ...(event === 'close' ? { code, reason } : {}) }),
    frame: ({ frame, generation = newest() }) => session.dispatch({ type: 'frame', generation, frame }),
    snapshot: ({ snapshot, error, id = session.state.memory.requests }) =>
      session.dispatch(
        snapshot
          ? { type: 'snapshot', id, snapshot }
          : { type: 'snapshotFailed', id, problem: { code: 'ERROR', message: error } },
      ),
    live: ({ answer }) => session.dispatch(answer ? { type: 'liveAnswer', answer } : { type: 'liveFailed' }),
    open: ({ key }) => session.openPart(key),
    close: ({ key }) => session.closePart(key) ?? [],
    partRequest: ({ key }) => session.openPart(key),
    partAnswer: ({ key, epoch, seq, data, id = asked.get(key) }) =>
      session.partAnswered(key, id, { asOf: { epoch, seq }, data }),
    partError: ({ key, status, code = 'ERROR', message = '', id = asked.get(key) }) =>
      session.partFailed(key, id, { status, code, message }),
    retryPart: ({ key }) => session.retryPart(key),
    older: ({ key }) => session.loadOlder(key),
    olderAnswer: ({ key, epoch, seq, data, error, id = asked.get(key) }) =>
      session.olderAnswered(key, id, error ? null : { asOf: { epoch, seq }, data }) ?? [],
    swap: ({ snapshot }) => (store.swap(snapshot), wanted()),
    event: ({ event }) => ({ outcome: store.apply(event), effects: wanted() }),
  };
  for (const type of ['start', 'stop', 'suspend', 'resume', 'wake', 'tick'])
    ops[type] = () => session.dispatch({ type });

  function newest() {
    return session.state.memory.generation;
  }

  /** What the session would ask for after a step that went past it. */
  function wanted() {
    return store.parts.takeRequests().map((/** @type {object} */ request) => ({ type: 'readPart', ...request }));
  }

  /** @param {Request} request */
  function answer(request) {
    now = request.now ?? now;
    random = request.random ?? random;
    const op = ops[request.op];
    if (!op) throw new Error(`unknown op: ${request.op}`);
    const result = op(request);
    const { effects, ...more } = Array.isArray(result) ? { effects: result } : result;
    for (const effect of effects) if (effect.key) asked.set(effect.key, effect.id);
    return { ok: true, effects: effects.map(plain), ...more, ...connection(), ...(request.brief ? {} : contents()) };
  }

  function connection() {
    const { tag, memory, phase } = session.state;
    const { generation, need, failures, gaps } = memory;
    return {
      connection: {
        tag,
        phase: phase?.name ?? null,
        generation,
        need,
        failures,
        gaps,
        wakeAt: rules.wakeAt(session.state),
      },
      status: rules.describe(session.state, now),
    };
  }

  function contents() {
    const parts = Object.fromEntries(store.parts.keys().map((/** @type {string} */ key) => [key, store.part(key)]));
    return { state: rules.canonical(store.state), workspaces: store.state.workspaces, parts };
  }

  fresh();
  return answer;
}

/** @param {any} effect */
function plain(effect) {
  return effect.type === 'report' ? { type: 'report', error: String(effect.error) } : effect;
}

async function main() {
  const folder = process.argv[2] ?? fileURLToPath(new URL('../../static/js', import.meta.url));
  const answer = createBridge(await load(folder));
  for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
    if (line.trim()) process.stdout.write(`${JSON.stringify(attempt(answer, line))}\n`);
  }
}

/**
 * @param {(request: Request) => object} answer
 * @param {string} line
 */
function attempt(answer, line) {
  try {
    return answer(JSON.parse(line));
  } catch (error) {
    return { ok: false, error: String(error) };
  }
}

await main();
