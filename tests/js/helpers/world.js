// @ts-check
/**
 * A small Chorus to try the page against: tables, a log, an API and a sidecar that follow realtime.md, and a network
 * that delays, reorders, loses and cuts as a seed says. Drives the real session and store, and knows what they must
 * show.
 */

/** @import {HistoryEntry, Item, LogEvent, PartKey, Snapshot, Task} from '../../../static/js/types.js' */
/** @import {OuterEffect} from '../../../static/js/connection/session.js' */

import assert from 'node:assert/strict';

import { createSession } from '../../../static/js/connection/session.js';
import { describe } from '../../../static/js/connection/status.js';
import { wakeAt } from '../../../static/js/connection/timing.js';
import { canonical, createStore } from '../../../static/js/store.js';
import { createRandom } from './random.js';
import { run, task } from './wire.js';

const IDS = ['a', 'b', 'c', 'd', 'e'];
const HEARTBEAT_MS = 5_000;
const PAGE = { build: 'one', origin: 'http://localhost:8080', webSocketUrl: 'ws://localhost:8081/ws' };

/**
 * @typedef {{tasks: Map<string, Task>, history: Map<string, HistoryEntry[]>, queues: Map<string, any>, runs:
 *   Map<string, any>, agents: Map<string, any>, config: any}} Tables
 */
/**
 * @typedef {{generation: number, isOpen: boolean, subscribed: boolean, cursor: number|null, frames: any[]}} Connection
 */
/** @typedef {{effect: any, answer: any}} HttpRequest */

/** @param {number} seed */
export function createWorld(seed) {
  const random = createRandom(seed);
  const spreadMs = random.pick([0, 2_000]);
  let now = 1_000_000;
  let entryId = 0;
  let epochs = 1;
  let head = 0;
  let firstKept = 1;
  /** @type {LogEvent[]} */
  let log = [];
  /** @type {Tables} */
  let tables = {
    tasks: new Map(),
    history: new Map(),
    queues: new Map(),
    runs: new Map(),
    agents: new Map(),
    config: null,
  };
  /**
   * Every state there ever was, by `epoch:seq`.
   * @type {Map<string, {snapshot: Snapshot, parts: Record<string, any>}>}
   */
  const past = new Map();
  /** @type {Connection[]} */
  const connections = [];
  /** @type {HttpRequest[]} */
  let requests = [];
  /** Deleted tasks that may come back. @type {Map<string, {task: Task, history: HistoryEntry[], queue: any}>} */
  const bin = new Map();

  const store = createStore({
    onError: (error) => {
      throw error;
    },
  });
  const session = createSession({ store, page: PAGE, now: () => now, random: random.next });
  const counts = { snapshots: 0, resyncs: 0, applied: 0, losses: 0 };
  remember();

  /* ------------------------------------------------------------ the server's truth */

  function epoch() {
    return `epoch-${epochs}`;
  }

  /**
   * @param {Task} full
   * @returns {Task}
   */
  function wire(full) {
    return full.description.length <= 8
      ? full
      : { ...full, description: full.description.slice(0, 8), truncated: ['description'] };
  }

  /** @returns {Snapshot} */
  function snapshot() {
    const tasks = [...tables.tasks.values()].filter(({ archivedAt }) => archivedAt === null).map(wire);
    return {
      epoch: epoch(),
      seq: head,
      tasks,
      agents: [...tables.agents.values()],
      providers: [],
      runs: [...tables.runs.values()],
      config: tables.config,
      configPath: null,
    };
  }

  /** What the API answers for a part now; undefined: 404. @param {string} key */
  function partNow(key) {
    const [kind, id] = /** @type {[string, string]} */ (key.split(':'));
    if (!tables.tasks.has(id)) return undefined;
    if (kind === 'task') return tables.tasks.get(id);
    return kind === 'history' ? { events: tables.history.get(id) ?? [] } : (tables.queues.get(id) ?? { messages: [] });
  }

  function remember() {
    const keys = IDS.flatMap((id) => [`task:${id}`, `history:${id}`, `queue:${id}`]);
    const parts = Object.fromEntries(keys.map((key) => [key, structuredClone(partNow(key))]));
    past.set(`${epoch()}:${head}`, { snapshot: structuredClone(sortedSnapshot(snapshot())), parts });
  }

  /** @param {(Item | {type: 'reset', data: any} | {type: 'transaction', data: Item[]})} item */
  function commit(item) {
    head++;
    const event = /** @type {LogEvent} */ (structuredClone({ ...item, seq: head, at: now }));
    log.push(event);
    remember();
    for (const connection of connections) {
      if (!connection.isOpen || !connection.subscribed) continue;
      connection.frames.push(event);
      connection.cursor = head;
    }
  }

  /**
   * @param {string} id
   * @returns {HistoryEntry}
   */
  function note(id) {
    const entry = { id: ++entryId, timestamp: now, eventType: 'status_changed', data: { n: String(entryId) } };
    tables.history.set(id, [...(tables.history.get(id) ?? []), entry]);
    return entry;
  }

  /**
   * @param {string} id
   * @param {Partial<Task>} fields
   */
  function change(id, fields) {
    const before = /** @type {Task} */ (tables.tasks.get(id));
    const after = /** @type {Task} */ ({ ...before, ...fields, version: before.version + 1, seq: head + 1 });
    tables.tasks.set(id, after);
    return wire(after);
  }

  /** One change of the tables, as the item that tells it; null: not possible now. @returns {Item|null} */
  function mutation() {
    const id = random.pick(IDS);
    const exists = tables.tasks.has(id);
    if (!exists) return bin.has(id) ? undo(id) : create(id);
    switch (random.below(11)) {
      case 0:
        return random.chance(0.5) ? remove(id) : null;
      case 1:
        return archive(id);
      case 2: {
        const queue = { messages: [{ id: String(random.next()), content: 'hi', receivedAt: now }] };
        tables.queues.set(id, queue);
        return { type: 'queue_changed', data: { taskId: id, queue }, history: [note(id)] };
      }
      case 3:
        return { type: 'history_appended', data: { taskId: id }, history: [note(id)] };
      case 4:
        return updateRun(id);
      case 5: {
        const agent = /** @type {any} */ ({
          type: 'internal',
          name: random.pick(['x', 'y']),
          instructions: String(random.next()),
          version: 1,
        });
        const deleted = random.chance(0.3) && tables.agents.delete('y') && agent.name !== 'y' ? ['y'] : [];
        tables.agents.set(agent.name, agent);
        return { type: 'agents_changed', data: { agents: [agent], deleted } };
      }
      case 6: {
        tables.config = {
          allowedAgentDirectories: [],
          initialAgentDirectory: String(random.next()),
          systemAgentProvider: 'p',
        };
        return { type: 'config_changed', data: { config: tables.config, configPath: /** @type {any} */ (null) } };
      }
      case 7: {
        const ids = [...tables.tasks].filter(([, { archivedAt }]) => archivedAt === null).map(([each]) => each);
        return { type: 'tasks_changed', data: ids.map((each) => change(each, { chainCount: random.below(9) })) };
      }
      default:
        return { type: 'task_updated', data: change(id, { description: describeTask() }), history: [note(id)] };
    }
  }

  function describeTask() {
    return random.chance(0.5) ? `long description ${random.next()}` : `s${random.below(99)}`;
  }

  /**
   * @param {string} id
   * @returns {Item}
   */
  function create(id) {
    const created = task(id, { description: describeTask(), seq: head + 1 });
    tables.tasks.set(id, created);
    tables.history.delete(id);
    return { type: 'task_created', data: wire(created), history: [note(id)] };
  }

  /**
   * @param {string} id
   * @returns {Item}
   */
  function remove(id) {
    bin.set(id, {
      task: /** @type {Task} */ (tables.tasks.get(id)),
      history: tables.history.get(id) ?? [],
      queue: tables.queues.get(id),
    });
    tables.tasks.delete(id);
    tables.history.delete(id);
    tables.queues.delete(id);
    for (const each of [...tables.runs.values()]) if (each.taskId === id) tables.runs.delete(each.id);
    return { type: 'task_deleted', data: { id } };
  }

  /**
   * @param {string} id
   * @returns {Item}
   */
  function undo(id) {
    const kept = /** @type {NonNullable<ReturnType<typeof bin.get>>} */ (bin.get(id));
    bin.delete(id);
    tables.tasks.set(id, kept.task);
    tables.history.set(id, kept.history);
    if (kept.queue) tables.queues.set(id, kept.queue);
    return { type: 'task_created', data: change(id, {}), history: [note(id)] };
  }

  /**
   * @param {string} id
   * @returns {Item}
   */
  function archive(id) {
    const { archivedAt } = /** @type {Task} */ (tables.tasks.get(id));
    const data = change(id, { archivedAt: archivedAt === null ? now : null });
    return archivedAt === null
      ? { type: 'task_archived', data: { id }, history: [note(id)] }
      : { type: 'task_updated', data, history: [note(id)] };
  }

  /**
   * @param {string} id
   * @returns {Item}
   */
  function updateRun(id) {
    const changed = run(`run-${id}`, id, { endedAt: random.chance(0.3) ? now : null, version: random.below(1e6) });
    if (changed.endedAt !== null) tables.runs.delete(changed.id);
    else tables.runs.set(changed.id, changed);
    return { type: 'run_updated', data: changed, history: [note(id)] };
  }

  function mutate() {
    const items = Array.from({ length: random.chance(0.2) ? 3 : 1 }, mutation).filter((item) => item !== null);
    if (items.length === 0) return;
    if (random.chance(0.03)) return commit({ type: 'reset', data: { reason: 'large' } });
    commit(items.length === 1 ? /** @type {Item} */ (items[0]) : { type: 'transaction', data: items });
  }

  /** Another workspace is opened: another log. */
  function switchWorkspace() {
    epochs++;
    tables = {
      tasks: new Map(),
      history: new Map(),
      queues: new Map(),
      runs: new Map(),
      agents: new Map(),
      config: null,
    };
    bin.clear();
    log = [];
    head = 0;
    firstKept = 1;
    remember();
    for (const connection of connections) if (connection.isOpen) resync(connection, 'workspace');
    for (let changes = random.below(4); changes > 0; changes--) mutate();
  }

  /* ------------------------------------------------------------ the sidecar */

  /**
   * @param {Connection} connection
   * @param {string} reason
   */
  function resync(connection, reason) {
    if (!connection.subscribed && reason === 'workspace') return;
    connection.subscribed = false;
    connection.frames.push({ type: 'resync', reason, delayMs: random.pick([0, 0, 900, 4_000]) });
    if (reason !== 'workspace') counts.resyncs++;
  }

  /**
   * @param {Connection} connection
   * @param {any} message
   */
  function receive(connection, message) {
    if (message.type !== 'subscribe') return;
    assert.equal(connection.subscribed, false, 'subscribed while subscribed: 1008');
    connection.subscribed = true;
    if (message.epoch !== epoch()) return resync(connection, 'epoch');
    if (message.since > head) return resync(connection, 'ahead');
    if (message.since + 1 < firstKept) return resync(connection, 'expired');
    connection.frames.push({
      type: 'welcome',
      protocol: 1,
      build: 'one',
      epoch: epoch(),
      seq: head,
      heartbeatMs: HEARTBEAT_MS,
      spreadMs,
      now,
    });
    connection.frames.push(...log.filter(({ seq }) => seq > message.since));
    connection.cursor = head;
  }

  function heartbeats() {
    for (const connection of connections) {
      if (connection.isOpen)
        connection.frames.push({
          type: 'heartbeat',
          seq: connection.subscribed ? connection.cursor : null,
          spreadMs,
          now,
        });
    }
  }

  /* ------------------------------------------------------------ between them */

  /** @param {OuterEffect[]} effects */
  function perform(effects) {
    for (const effect of effects) performOne(effect);
  }

  /** @param {OuterEffect} effect */
  function performOne(effect) {
    if (effect.type === 'openSocket')
      connections.push({ generation: effect.generation, isOpen: false, subscribed: false, cursor: null, frames: [] });
    if (effect.type === 'closeSocket') hangUp(newest());
    if (effect.type === 'send' && newest()?.isOpen) receive(/** @type {Connection} */ (newest()), effect.message);
    if (effect.type === 'fetchSnapshot') counts.snapshots++;
    if (effect.type === 'fetchSnapshot' || effect.type === 'readPart') requests.push({ effect, answer: undefined });
    if (effect.type === 'report') throw effect.error;
  }

  function newest() {
    return connections.at(-1);
  }

  /** @param {Connection|undefined} connection */
  function hangUp(connection) {
    if (connection) Object.assign(connection, { isOpen: false, subscribed: false });
  }

  /** @param {Parameters<typeof session.dispatch>[0]} event */
  function dispatch(event) {
    perform(session.dispatch(event));
    check();
  }

  function openSocket() {
    const connection = newest();
    if (!connection || connection.isOpen || session.state.tag !== 'Connecting') return;
    connection.isOpen = true;
    dispatch({ type: 'open', generation: connection.generation });
  }

  /** @param {Connection|undefined} connection */
  function deliver(connection) {
    const frame = connection?.frames.shift();
    if (connection && frame)
      dispatch({ type: 'frame', generation: connection.generation, frame: structuredClone(frame) });
  }

  /** The server reads its tables; the answer is under way after that. @param {HttpRequest} request */
  function serve(request) {
    if (request.answer) return;
    const { effect } = request;
    request.answer = structuredClone({
      asOf: { epoch: epoch(), seq: head },
      data: effect.type === 'readPart' ? partNow(effect.key) : snapshot(),
    });
  }

  /**
   * @param {HttpRequest} request
   * @param {boolean} [broken]
   */
  function arrive({ effect, answer }, broken = false) {
    requests = requests.filter((each) => each.effect !== effect);
    if (effect.type === 'fetchSnapshot')
      return dispatch(
        broken
          ? { type: 'snapshotFailed', id: effect.id, problem: { code: 'INTERNAL_ERROR', message: 'no' } }
          : { type: 'snapshot', id: effect.id, snapshot: answer.data },
      );
    const { key, id } = effect;
    if (broken) perform(session.partFailed(key, id, { status: 0, code: 'NETWORK', message: 'no' }));
    else if (answer.data === undefined)
      perform(session.partFailed(key, id, { status: 404, code: 'NOT_FOUND', message: 'no' }));
    else perform(session.partAnswered(key, id, answer));
    check();
  }

  /** @param {number} ms */
  function pass(ms) {
    now += ms;
    if (random.chance(0.5) || ms > HEARTBEAT_MS) heartbeats();
    const due = wakeAt(session.state);
    if (due !== null && now >= due) dispatch({ type: 'tick' });
  }

  /* ------------------------------------------------------------ what must hold at every moment */

  function check() {
    const { epoch: shown, seq } = store.state;
    if (shown === null) return;
    const truth = past.get(`${shown}:${seq}`);
    assert.ok(truth, `there never was a state ${shown}:${seq}`);
    assert.deepEqual(canonical(store.state), truth.snapshot);
    for (const key of store.parts.keys()) checkPart(key);
  }

  /** @param {PartKey} key */
  function checkPart(key) {
    const { status, data, asOf } = store.part(key);
    if (status !== 'ready' || !asOf) return;
    assert.equal(asOf.epoch, store.state.epoch);
    const truth = past.get(`${asOf.epoch}:${Math.max(asOf.seq, store.state.seq)}`)?.parts[key];
    if (!key.startsWith('history:'))
      assert.deepEqual(
        key.startsWith('task:') ? (store.fullTask(key.slice(5)).task ?? data) : data,
        key.startsWith('task:') ? taskTruth(key, truth) : truth,
      );
    else assert.deepEqual(/** @type {any} */ (data).entries, truth.events);
  }

  /**
   * A whole wire task shows the board's moment, even if the part knows more.
   * @param {PartKey} key
   * @param {any} truth
   */
  function taskTruth(key, truth) {
    const wireTask = store.state.tasks.get(key.slice(5));
    return wireTask?.truncated.length === 0 ? wireTask : truth;
  }

  /* ------------------------------------------------------------ a life */

  const deeds = [
    ...Array(6).fill(mutate),
    ...Array(12).fill(() => deliver(newest())),
    ...Array(3).fill(openSocket),
    ...Array(5).fill(() => requests.length && serve(random.pick(requests))),
    ...Array(5).fill(
      () => requests.some(({ answer }) => answer) && arrive(random.pick(requests.filter(({ answer }) => answer))),
    ),
    ...Array(2).fill(() => togglePart(random.pick(['task', 'history', 'queue']), random.pick(IDS))),
    ...Array(3).fill(() => pass(random.below(2_000))),
    heartbeats,
    () => random.chance(0.2) && pass(random.below(40_000)),
    () => random.chance(0.3) && requests.length && arrive(random.pick(requests), true),
    () => random.chance(0.3) && cut(),
    () => random.chance(0.3) && lose(),
    () => random.chance(0.5) && deliver(random.pick(connections)),
    () => random.chance(0.1) && switchWorkspace(),
    () => random.chance(0.1) && expire(),
    () =>
      random.chance(0.1) &&
      dispatch({ type: random.pick(/** @type {const} */ (['wake', 'suspend', 'resume', 'resume'])) }),
    () => random.chance(0.1) && bye(),
  ];

  /**
   * @param {string} kind
   * @param {string} id
   */
  function togglePart(kind, id) {
    const key = /** @type {PartKey} */ (`${kind}:${id}`);
    if (store.parts.keys().includes(key)) session.closePart(key);
    else perform(session.openPart(key));
  }

  function cut() {
    const connection = newest();
    if (!connection) return;
    hangUp(connection);
    dispatch({ type: 'close', generation: connection.generation, code: 1006 });
  }

  /** A bug of the server, or of a proxy: a frame of the stream never comes. */
  function lose() {
    const frames = newest()?.frames ?? [];
    const at = random.below(frames.length + 1);
    if (typeof frames[at]?.seq !== 'number' || !('at' in frames[at])) return;
    frames.splice(at, 1);
    counts.losses++;
  }

  function expire() {
    firstKept = head;
    log = log.filter(({ seq }) => seq >= firstKept);
  }

  function bye() {
    const connection = newest();
    if (!connection?.isOpen) return;
    connection.frames.push({ type: 'bye', delayMs: 700, reason: random.pick(['restart', 'stale']), detail: '' });
    connection.subscribed = false;
  }

  /** Faults end; everything that is under way arrives. */
  function heal() {
    dispatch({ type: 'resume' });
    for (let turn = 0; turn < 3_000; turn++) {
      openSocket();
      for (const request of requests) serve(request);
      if (requests[0]) arrive(requests[0]);
      while (newest()?.frames.length) deliver(newest());
      for (const key of store.parts.keys()) if (store.part(key).error?.status === 0) perform(session.retryPart(key));
      if (isSettled()) return;
      now += 500;
      if (turn % 10 === 0) heartbeats();
      const due = wakeAt(session.state);
      if (due !== null && now >= due) dispatch({ type: 'tick' });
    }
    assert.fail(
      `never settled: ${JSON.stringify(describe(session.state, now))} at ${store.state.epoch}:${store.state.seq} of ${epoch()}:${head}, parts ${JSON.stringify(store.parts.keys().map((key) => [key, store.part(key)]))}`,
    );
  }

  function isSettled() {
    const quiet = requests.length === 0 && store.state.epoch === epoch() && store.state.seq === head;
    return (
      quiet &&
      describe(session.state, now).kind === 'live' &&
      store.parts.keys().every((key) => ['idle', 'ready', 'gone'].includes(store.part(key).status))
    );
  }

  return {
    counts,
    store,
    session,
    /** @param {number} deedsToDo */
    live(deedsToDo) {
      dispatch({ type: 'start' });
      for (let deed = 0; deed < deedsToDo; deed++) random.pick(deeds)();
      heal();
      assert.deepEqual(canonical(store.state), sortedSnapshot(snapshot()));
      for (const key of store.parts.keys())
        if (store.part(key).status === 'gone') assert.equal(partNow(key), undefined, `${key} is there`);
    },
  };
}

/**
 * @param {Snapshot} snapshot
 * @returns {Snapshot}
 */
function sortedSnapshot(snapshot) {
  /** @param {any[]} list */
  const sorted = (list) => [...list].sort((a, b) => ((a.id ?? a.name) < (b.id ?? b.name) ? -1 : 1));
  return {
    ...snapshot,
    tasks: sorted(snapshot.tasks),
    agents: sorted(snapshot.agents),
    providers: sorted(snapshot.providers),
    runs: sorted(snapshot.runs),
  };
}
