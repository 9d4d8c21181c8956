// @ts-check
/**
 * The board at (epoch, cursor). Pure: no DOM, socket, timer or clock.
 *
 * A snapshot is swapped in whole, never merged (merging keeps deleted things alive). An event is applied if and only if
 * its number is the cursor's successor. Answers of mutations never come here: their events do.
 */

/**
 * @import {Agent, BoardState, Changes, FullTask, Item, LogEvent, Outcome, PartKey, Provider, Run, Snapshot, Task,
 *   Unnumbered} from './types.js'
 */
/** @import {PartItem} from './part-kinds.js' */

import { noChanges } from './changes.js';
import { createParts } from './parts.js';

/** @typedef {ReturnType<typeof createStore>} Store */
/**
 * @typedef {Omit<Snapshot, 'epoch'> & {epoch: string|null}} Canonical a snapshot, or what is there before the first one
 */
/**
 * @typedef {{tasks: Map<string, Task>, agents: Map<string, Agent>, providers: Map<string, Provider>, runs: Map<string,
 *   Run>} & Omit<BoardState, 'tasks'|'agents'|'providers'|'runs'>} Board the same, writable
 */

/**
 * @param {{onError?: (error: unknown) => void}} [surroundings] where a listener's error goes: it must not stop the
 *   others
 */
export function createStore({ onError = console.error } = {}) {
  let board = emptyBoard();
  const parts = createParts(() => board, isWhole);
  /** @type {Set<(changes: Changes) => void>} */
  const listeners = new Set();

  /** @param {PartKey} key */
  function isWhole(key) {
    return key.startsWith('task:') && board.tasks.get(key.slice('task:'.length))?.truncated.length === 0;
  }

  /** @param {Changes} changes */
  function tell(changes) {
    for (const listener of [...listeners]) {
      try {
        listener(changes);
      } catch (error) {
        onError(error);
      }
    }
  }

  /**
   * @param {Changes['source']} source
   * @param {PartKey[]} keys
   */
  function tellParts(source, keys) {
    if (keys.length) tell({ ...noChanges(source), parts: new Set(keys) });
  }

  /**
   * @param {PartKey} key
   * @param {boolean} changed
   */
  function tellPart(key, changed) {
    if (changed) tellParts('part', [key]);
    return changed;
  }

  /**
   * Replaces all: what the snapshot does not hold is gone, and every part is to be read again.
   * @param {Snapshot} snapshot
   */
  function swap(snapshot) {
    board = boardOf(snapshot, board.workspaces);
    parts.drop();
    tell({ ...noChanges('snapshot'), all: true, parts: new Set(parts.keys()) });
  }

  /**
   * `dropped`: already applied. `gap`: something before it is missing. `reset`: too large to be pushed; take a
   * snapshot.
   * @param {LogEvent} event
   * @returns {Outcome}
   */
  function apply(event) {
    if (event.seq <= board.seq) return 'dropped';
    if (event.seq !== board.seq + 1) return 'gap';
    if (event.type === 'reset') return 'reset';
    const items = event.type === 'transaction' ? event.data : [event];
    const changes = noChanges('push');
    for (const item of items) applyItem(board, item, changes);
    board.seq = event.seq;
    changes.parts = new Set(parts.offer({ seq: event.seq, items: [...items, ...countersOf(event)] }));
    tell(changes);
    return 'applied';
  }

  /** Frames without a number: they never move the cursor. @param {Unnumbered} frame */
  function receive(frame) {
    if (frame.type === 'workspaces_changed') {
      board.workspaces = frame.data;
      tell({ ...noChanges('push'), workspaces: true });
    } else {
      const items = frame.items.map((data) => /** @type {const} */ ({ type: 'run_output', data }));
      tellParts('push', parts.offer({ seq: null, items }));
    }
  }

  /**
   * The best text of a task that is at hand. Fields that are cut on the board come from the part `task:<id>`.
   * @param {string} id
   * @returns {FullTask}
   */
  function fullTask(id) {
    const wire = board.tasks.get(id) ?? null;
    const { data: full, status, error } = parts.view(/** @type {const} */ (`task:${id}`));
    if (wire && wire.truncated.length === 0) return { task: wire, complete: true, status: 'ready', error: null };
    if (full && (!wire || full.version >= wire.version)) return { task: full, complete: true, status, error };
    return { task: wire && full ? withFieldsOf(wire, full) : wire, complete: false, status, error };
  }

  return {
    /** @returns {Readonly<BoardState>} */
    get state() {
      return board;
    },
    swap,
    apply,
    receive,
    fullTask,
    part: parts.view,
    /**
     * @param {(changes: Changes) => void} listener
     * @returns {() => void}
     */
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    parts: {
      keys: parts.keys,
      open: parts.open,
      close: parts.close,
      takeRequests: parts.takeRequests,
      /** @type {typeof parts.answer} */
      answer: (key, id, answer) => tellPart(key, parts.answer(key, id, answer)),
      /** @type {typeof parts.fail} */
      fail: (key, id, error) => tellPart(key, parts.fail(key, id, error)),
      /** @type {typeof parts.retry} */
      retry: (key) => tellPart(key, parts.retry(key)),
      revive: () => tellParts('local', parts.revive()),
      /** @param {PartKey} key */
      takeOlder(key) {
        const request = parts.takeOlder(key);
        tellPart(key, request !== null);
        return request;
      },
      /** @type {typeof parts.answerOlder} */
      answerOlder: (key, id, answer) => tellPart(key, parts.answerOlder(key, id, answer)),
    },
  };
}

/** @returns {Board} */
function emptyBoard() {
  return boardOf(
    { epoch: null, seq: 0, tasks: [], agents: [], providers: [], runs: [], config: null, configPath: null },
    null,
  );
}

/**
 * The list of workspaces belongs to no workspace: it outlives the snapshot.
 * @param {Canonical} snapshot
 * @param {BoardState['workspaces']} workspaces
 * @returns {Board}
 */
function boardOf({ epoch, seq, tasks, agents, providers, runs, config, configPath }, workspaces) {
  return {
    epoch,
    seq,
    tasks: new Map(tasks.map((task) => [task.id, task])),
    agents: new Map(agents.map((agent) => [agent.name, agent])),
    providers: new Map(providers.map((provider) => [provider.name, provider])),
    runs: new Map(runs.map((run) => [run.id, run])),
    config,
    configPath,
    workspaces,
  };
}

/**
 * A type that this page does not know is passed over: the build in `welcome` then offers a reload.
 * @param {Board} board
 * @param {Item} item
 * @param {Changes} changes
 */
function applyItem(board, item, changes) {
  switch (item.type) {
    case 'task_created':
    case 'task_updated':
      return putTask(board, item.data, changes);
    case 'tasks_changed':
      return item.data.forEach((task) => putTask(board, task, changes));
    case 'task_deleted':
      removeRunsOf(board, item.data.id, changes);
      return removeTask(board, item.data.id, changes);
    case 'task_archived':
      return removeTask(board, item.data.id, changes);
    case 'run_updated':
      return putRun(board, item.data, changes);
    case 'agents_changed':
      return replaceNamed(board.agents, item.data.agents, item.data.deleted, changes.agents);
    case 'providers_changed':
      return replaceNamed(board.providers, item.data.providers, item.data.deleted, changes.providers);
    case 'config_changed':
      Object.assign(board, { config: item.data.config, configPath: item.data.configPath });
      changes.config = true;
      return;
    case 'history_appended':
    case 'queue_changed':
    case 'access_tokens_changed':
      return;
    default:
      /** @type {never} */ (item);
  }
}

/**
 * @param {Board} board
 * @param {Task} task
 * @param {Changes} changes
 */
function putTask(board, task, changes) {
  if (task.archivedAt !== null) return removeTask(board, task.id, changes);
  board.tasks.set(task.id, task);
  changes.tasks.add(task.id);
  changes.removed.delete(task.id);
}

/**
 * @param {Board} board
 * @param {string} id
 * @param {Changes} changes
 */
function removeTask(board, id, changes) {
  if (!board.tasks.delete(id)) return;
  changes.tasks.add(id);
  changes.removed.add(id);
}

/**
 * @param {Board} board
 * @param {Run} run
 * @param {Changes} changes
 */
function putRun(board, run, changes) {
  if (run.endedAt === null) board.runs.set(run.id, run);
  else board.runs.delete(run.id);
  changes.runs.add(run.id);
}

/**
 * @param {Board} board
 * @param {string} taskId
 * @param {Changes} changes
 */
function removeRunsOf(board, taskId, changes) {
  for (const run of [...board.runs.values()]) {
    if (run.taskId !== taskId) continue;
    board.runs.delete(run.id);
    changes.runs.add(run.id);
  }
}

/**
 * @template {{name: string}} T
 * @param {Map<string, T>} map
 * @param {T[]} changed
 * @param {string[]} deleted
 * @param {Set<string>} names
 */
function replaceNamed(map, changed, deleted, names) {
  for (const name of deleted) map.delete(name);
  for (const each of changed) map.set(each.name, each);
  for (const name of [...deleted, ...changed.map((each) => each.name)]) names.add(name);
}

/**
 * Counters belong to the event as a whole.
 * @param {LogEvent} event
 * @returns {PartItem[]}
 */
function countersOf({ at, counters }) {
  return counters ? [{ type: 'counters_moved', data: { at, counters } }] : [];
}

/**
 * The wire task, with the fields that it cuts taken from an older full one.
 * @param {Task} wire
 * @param {Task} full
 * @returns {Task}
 */
function withFieldsOf(wire, full) {
  const older = Object.fromEntries(Object.entries(full).filter(([field]) => wire.truncated.includes(field)));
  return /** @type {Task} */ ({ ...wire, ...older });
}

/**
 * The state in the form of a snapshot, lists sorted by id or name: equal states give equal values.
 * @param {BoardState} state
 * @returns {Canonical}
 */
export function canonical({ epoch, seq, tasks, agents, providers, runs, config, configPath }) {
  return {
    epoch,
    seq,
    tasks: sorted(tasks),
    agents: sorted(agents),
    providers: sorted(providers),
    runs: sorted(runs),
    config,
    configPath,
  };
}

/**
 * @template T
 * @param {ReadonlyMap<string, T>} map
 * @returns {T[]}
 */
function sorted(map) {
  return [...map].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, value]) => value);
}
