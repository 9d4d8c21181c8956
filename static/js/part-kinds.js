// @ts-check
/**
 * The kinds of parts that live outside the snapshot: where each is read, and what an event does to it. Pure. `touch`
 * answers with the new data, or with a word: `same` (nothing to do), `reread` (only a new answer can tell), `gone`.
 */

import { joined, lastOf, withWholeHead } from './lib/blocks.js';
import { addCounters } from './lib/counters.js';

/** @import {AccessToken, Counters, Item, OutputItem, OutputRecord, PartData, PartKind, Task} from './types.js' */

/**
 * @typedef {Item | {type: 'run_output', data: OutputItem} | {type: 'counters_moved', data: {at: number, counters:
 *   Counters}}} PartItem
 */
/** @typedef {'same'|'reread'|'gone'} Verdict */

/**
 * @template D
 * @typedef {Object} Kind
 * @property {(id: string, data: D|null) => string} path
 * @property {(answer: any, data: D|null) => D} parse
 * @property {(item: PartItem, id: string) => boolean} concerns
 * @property {(data: D|null, item: PartItem, id: string) => {data: D} | Verdict} touch
 * @property {(data: D) => boolean} [wantsMore] the answer was not all there is: ask again
 * @property {(id: string, data: D) => string|null} [olderPath] where older entries are read; null: there are none
 * @property {(data: D, answer: any) => D} [addOlder]
 * @property {boolean} [olderMayChange] else they never change once written
 */

/** Blocks of a run's output that are kept as they come; older ones are read where somebody looks at them. */
export const OUTPUT_KEPT = 500;
/** As many are shown; where pieces make fewer, older ones are read, but not more than so many pieces and characters. */
export const OUTPUT_SHOWN = 100;
const OUTPUT_PIECES = 10_000;
const OUTPUT_CHARACTERS = 256 * 1024;
export const HISTORY_PAGE = 200;
export const ARCHIVE_PAGE = 50;

/** @type {Kind<PartData['task']>} */
const task = {
  path: (id) => taskPath(id),
  parse: (answer) => answer,
  concerns: (item, id) =>
    taskIdsOf(item).includes(id) &&
    item.type !== 'history_appended' &&
    item.type !== 'queue_changed' &&
    item.type !== 'run_updated',
  touch(data, item, id) {
    if (item.type === 'task_deleted') return 'gone';
    const wire = wireTask(item, id);
    if (!wire) return 'reread';
    if (wire.truncated.length === 0) return { data: wire };
    return data?.version === wire.version ? 'same' : 'reread';
  },
};

/** @type {Kind<PartData['history']>} */
const history = {
  path: (id) => `${taskPath(id)}/history?limit=${HISTORY_PAGE}`,
  parse: ({ events }) => ({ entries: events, hasOlder: events.length >= HISTORY_PAGE, older: 'idle' }),
  concerns: (item, id) => taskIdsOf(item).includes(id) && (begins(item) || ends(item) || entriesOf(item).length > 0),
  touch(data, item) {
    if (ends(item)) return 'gone';
    // The entries of several tasks in one item do not say whose they are.
    if (!data || item.type === 'tasks_changed') return 'reread';
    const entries = entriesOf(item);
    return entries.length > 0 ? { data: { ...data, entries: [...data.entries, ...entries] } } : 'same';
  },
  olderPath: (id, { entries, hasOlder }) =>
    hasOlder && entries[0] ? `${taskPath(id)}/history?before=${entries[0].id}&limit=${HISTORY_PAGE}` : null,
  addOlder: (data, { events }) => ({
    entries: [...events, ...data.entries],
    hasOlder: events.length >= HISTORY_PAGE,
    older: 'idle',
  }),
};

/** @type {Kind<PartData['queue']>} */
const queue = {
  path: (id) => `${taskPath(id)}/queue`,
  parse: (answer) => answer,
  concerns: (item, id) => taskIdsOf(item).includes(id) && (begins(item) || ends(item) || item.type === 'queue_changed'),
  touch(data, item) {
    if (item.type === 'queue_changed') return { data: item.data.queue };
    if (ends(item)) return 'gone';
    return data ? 'same' : 'reread';
  },
};

/** @type {Kind<PartData['runs']>} */
const runs = {
  path: (id) => `${taskPath(id)}/runs`,
  parse: (answer) => answer,
  concerns: (item, id) => taskIdsOf(item).includes(id) && (begins(item) || ends(item) || item.type === 'run_updated'),
  touch(data, item) {
    if (ends(item)) return 'gone';
    if (!data) return 'reread';
    if (item.type !== 'run_updated') return 'same';
    const at = data.findIndex((run) => run.id === item.data.id);
    return { data: at < 0 ? [...data, item.data] : data.with(at, item.data) };
  },
};

/**
 * Output is no state: its records are numbered per run, the newest are kept, and a hole is read from the server. Pieces
 * of one answer are joined as they come.
 * @type {Kind<PartData['output']>}
 */
const output = {
  path: (id, data) => outputPath(id, data && isNear(data) ? `since=${data.last}` : `limit=${OUTPUT_KEPT}`),
  parse({ epoch, first, last: newest, from, records }, data) {
    const follows = data !== null && data.records.length > 0 && data.epoch === epoch && from <= data.last + 1;
    const all = follows
      ? joined(data.records, after(records, from, data.last))
      : withWholeHead(joined([], records), first);
    const end = all.at(-1);
    const last = end ? lastOf(end) : Math.min(from - 1, newest);
    return { epoch, first, last, newest, records: all.slice(-OUTPUT_KEPT), older: 'idle' };
  },
  wantsMore: (data) => data.last < data.newest || (data.records.length === 0 && data.first <= data.newest),
  concerns: (item, id) => item.type === 'run_output' && item.data.runId === id,
  touch(data, item) {
    if (item.type !== 'run_output') return 'same';
    const { from, records } = item.data;
    if (!data || from > data.last + 1) return 'reread';
    const fresh = after(records, from, data.last);
    if (fresh.length === 0) return 'same';
    const last = data.last + fresh.length;
    const all = joined(data.records, fresh).slice(-OUTPUT_KEPT);
    return { data: { ...data, last, newest: Math.max(last, data.newest), records: all } };
  },
  olderPath(id, data) {
    if (!wantsOlderOutput(data)) return null;
    const begin = data.records[0]?.n ?? 1;
    const start = Math.max(data.first, begin - OUTPUT_KEPT);
    return outputPath(id, `since=${start - 1}&limit=${begin - start}`);
  },
  addOlder(data, { epoch, first, records }) {
    const joins = epoch === data.epoch && records.at(-1)?.n === (data.records[0]?.n ?? 0) - 1;
    if (!joins) return { ...data, older: 'failed' };
    return { ...data, first, records: withWholeHead(joined(joined([], records), data.records), first), older: 'idle' };
  },
};

/**
 * @param {string} id
 * @param {string} query
 */
const outputPath = (id, query) => `/api/runs/${encodeURIComponent(id)}/output?${query}`;

/** Whether the newest blocks are fewer than are shown. @param {PartData['output']} data */
export function wantsOlderOutput({ records, first, last, older }) {
  const begin = records[0]?.n ?? first;
  if (older !== 'idle' || records.length > OUTPUT_SHOWN || begin <= first || last - begin > OUTPUT_PIECES) return false;
  return records.reduce((sum, { text = '' }) => sum + text.length, 0) < OUTPUT_CHARACTERS;
}

/**
 * Of records numbered from `from`, those after `last`.
 * @param {OutputRecord[]} records
 * @param {number} from
 * @param {number} last
 */
const after = (records, from, last) => records.slice(Math.max(0, last + 1 - from));

/** Whether reading on is less than beginning anew. @param {PartData['output']} data */
const isNear = ({ last, newest, records }) => records.length > 0 && newest - last <= OUTPUT_KEPT;

/** The id is a number of days. @type {Kind<PartData['insights']>} */
const insights = {
  path: (id) => `/api/insights?days=${encodeURIComponent(id)}`,
  parse: (answer) => answer,
  concerns: (item) => item.type === 'counters_moved',
  touch(data, item) {
    const moved = data && item.type === 'counters_moved' ? addCounters(data, item.data) : null;
    return moved ? { data: moved } : 'reread';
  },
};

/** Archived tasks that fit the text in the key, last archived first. @type {Kind<PartData['archive']>} */
const archive = {
  path: (q) => archivePath(q),
  /** What was loaded below the first page stays: events keep it true. */
  parse(tasks, data) {
    const last = data?.tasks.findIndex(({ id }) => id === tasks.at(-1)?.id) ?? -1;
    if (!data || last < 0) return { tasks, hasOlder: tasks.length >= ARCHIVE_PAGE, older: 'idle' };
    return { ...data, tasks: [...tasks, ...data.tasks.slice(last + 1)], older: 'idle' };
  },
  concerns: (item) =>
    item.type === 'task_archived' || ends(item) || item.type === 'task_updated' || item.type === 'tasks_changed',
  touch(data, item) {
    if (item.type === 'task_archived') return 'reread';
    const changed = taskIdsOf(item);
    if (!data?.tasks.some(({ id }) => changed.includes(id))) return 'same';
    const tasks = data.tasks.flatMap((each) => (changed.includes(each.id) ? (wireTask(item, each.id) ?? []) : each));
    return { data: { ...data, tasks: tasks.filter(({ archivedAt }) => archivedAt !== null) } };
  },
  olderPath: (q, { tasks, hasOlder }) => (hasOlder ? `${archivePath(q)}&before=${tasks.at(-1)?.id ?? ''}` : null),
  olderMayChange: true,
  addOlder: (data, tasks) => ({
    tasks: [...data.tasks, ...tasks],
    hasOlder: tasks.length >= ARCHIVE_PAGE,
    older: 'idle',
  }),
};

/** All access tokens by name; the id is empty. @type {Kind<PartData['access']>} */
const access = {
  path: () => '/api/access-tokens',
  parse: (answer) => answer,
  concerns: (item) => item.type === 'access_tokens_changed',
  touch(data, item) {
    if (!data || item.type !== 'access_tokens_changed') return 'reread';
    const { accessTokens, deleted } = item.data;
    const names = [...deleted, ...accessTokens.map(({ name }) => name)];
    return { data: byName([...data.filter(({ name }) => !names.includes(name)), ...accessTokens]) };
  },
};

/** @param {AccessToken[]} tokens */
const byName = (tokens) => tokens.sort((a, b) => (a.name < b.name ? -1 : 1));

/** @type {{[K in PartKind]: Kind<PartData[K]>}} */
export const KINDS = { task, history, queue, runs, output, insights, archive, access };

/** @param {string} q */
const archivePath = (q) =>
  `/api/tasks?archived=true&limit=${ARCHIVE_PAGE}${q === '' ? '' : `&q=${encodeURIComponent(q)}`}`;

/**
 * @param {PartItem} item
 * @param {string} id
 * @returns {Task|undefined}
 */
function wireTask(item, id) {
  if (item.type === 'tasks_changed') return item.data.find((each) => each.id === id);
  return item.type === 'task_created' || item.type === 'task_updated' ? item.data : undefined;
}

/** @param {PartItem} item */
function entriesOf(item) {
  return ('history' in item && item.history) || [];
}

/**
 * The tasks that an item speaks of.
 * @param {PartItem} item
 * @returns {string[]}
 */
function taskIdsOf(item) {
  switch (item.type) {
    case 'task_created':
    case 'task_updated':
    case 'task_deleted':
    case 'task_archived':
      return [item.data.id];
    case 'tasks_changed':
      return item.data.map(({ id }) => id);
    case 'history_appended':
    case 'queue_changed':
    case 'run_updated':
    case 'run_output':
      return [item.data.taskId];
    default:
      return [];
  }
}

/** A new task, or a deleted one that came back: to the board, or to the archive. @param {PartItem} item */
function begins(item) {
  return item.type === 'task_created' || item.type === 'task_archived';
}

/** @param {PartItem} item */
function ends(item) {
  return item.type === 'task_deleted';
}

/** @param {string} id */
function taskPath(id) {
  return `/api/tasks/${encodeURIComponent(id)}`;
}
