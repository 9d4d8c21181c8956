// @ts-check
/**
 * What of a run's output is shown. Pure.
 *
 * Following, it is the end of the newest records, which the store keeps. Paused, it is a window of records that stays
 * where it is: it is moved by pages read before or behind it, and keeps a bounded number of them.
 */

/** @import {OutputData, OutputRecord} from '../types.js' */

import { blockOf, joined, lastOf, withWholeHead } from './blocks.js';
import { jsonText } from './json.js';
import { terminalText } from './terminal.js';
import { formatBytes, shorten } from './text.js';

/** @typedef {{mode: 'follow'} | {mode: 'paused', records: OutputRecord[]}} Reading its records are blocks */

/** Blocks that are shown at the end, or come with a page. */
export const SHOWN = 100;
/** Records that are read at once: an answer of a model has many pieces. */
export const PAGE = 500;
const MOST = 300;
const GIST_LENGTH = 120;
const GIST_OF = 2_000;

/** @type {Reading} */
export const FOLLOW = { mode: 'follow' };

/**
 * @param {Reading} reading
 * @param {OutputData} tail
 * @returns {OutputRecord[]}
 */
export const shownOf = (reading, tail) => (reading.mode === 'follow' ? tail.records.slice(-SHOWN) : reading.records);

/**
 * @param {OutputRecord[]} records
 * @returns {Reading}
 */
export const pausedAt = (records) => ({ mode: 'paused', records });

/** The number of the last record that is in it; 0: none. @param {readonly OutputRecord[]} blocks */
const endOf = (blocks) => {
  const last = blocks.at(-1);
  return last ? lastOf(last) : 0;
};

/**
 * How many have come that are not shown: blocks, where they are at hand.
 * @param {Reading} reading
 * @param {OutputData} tail
 */
export function unseen(reading, tail) {
  const end = reading.mode === 'follow' ? tail.last : endOf(reading.records) || tail.last;
  if (end >= tail.last) return 0;
  const atHand = tail.records.filter((block) => lastOf(block) > end);
  return (atHand[0]?.n ?? Infinity) <= end + 1 ? atHand.length : tail.last - end;
}

/**
 * Where to read what stands before the window; null: it begins with the first one.
 * @param {readonly OutputRecord[]} shown
 * @param {OutputData} tail
 */
export function olderQuery(shown, tail) {
  const first = shown[0]?.n ?? 1;
  const start = Math.max(tail.first, first - PAGE);
  return start >= first ? null : { since: start - 1, limit: first - start };
}

/**
 * Only what joins without a hole is taken. A page's end goes on in what is shown; its beginning may be half a block.
 * @param {OutputRecord[]} shown
 * @param {OutputRecord[]} older records
 * @param {number} first the oldest record there is
 */
export function withOlder(shown, older, first) {
  if (older.at(-1)?.n !== (shown[0]?.n ?? 0) - 1) return shown;
  const before = withWholeHead(joined([], older), first).slice(-SHOWN);
  return joined(before, shown).slice(0, MOST);
}

/**
 * @param {OutputRecord[]} shown
 * @param {OutputRecord[]} newer records, or blocks
 */
export function withNewer(shown, newer) {
  const last = endOf(shown);
  const fresh = newer.filter((each) => lastOf(each) > last);
  const [next] = fresh;
  if (!next || next.n > last + 1) return shown;
  // A block that has grown takes the place of what was shown of it.
  const kept = next.n === last + 1 ? shown : shown.filter(({ n }) => n < next.n);
  return joined(kept, fresh)
    .slice(0, shown.length + SHOWN)
    .slice(-MOST);
}

/**
 * What follows the window, where the store has it.
 * @param {OutputRecord[]} shown
 * @param {OutputData} tail
 */
export function newerAtHand(shown, tail) {
  const last = endOf(shown);
  const fresh = tail.records.filter((block) => lastOf(block) > last);
  const begin = shown.at(-1)?.n ?? 0;
  const [next] = fresh;
  return next && (next.n === last + 1 || next.n <= begin) ? fresh.slice(0, SHOWN) : null;
}

/**
 * The records that contain a text, in upper or lower case.
 * @param {OutputRecord[]} records
 * @param {string} q
 */
export function having(records, q) {
  const wanted = q.toLowerCase();
  return records.filter((record) => textOf(record).toLowerCase().includes(wanted));
}

/**
 * What the server has found, and what is at hand since: a block that has grown stands for what was found in it.
 * @param {readonly OutputRecord[]} found
 * @param {OutputRecord[]} since
 * @param {string} q
 */
export function withFound(found, since, q) {
  const fresh = having(since, q);
  return [...found.filter(({ n }) => !blockOf(fresh, n)), ...fresh];
}

/** All that a record says. @param {OutputRecord} record */
export function textOf({ kind, text, tool, input, output }) {
  if (kind === 'tool_call') return `${tool ?? ''} ${readable(input)}`.trim();
  if (kind === 'usage') return `${input ?? 0} + ${output ?? 0} tokens`;
  return terminalText(text ?? readable(output));
}

/** JSON as people read it; a text as a terminal shows it. @param {unknown} value */
export const readable = (value) =>
  typeof value === 'string' ? terminalText(value) : value === undefined ? '' : jsonText(value);

/** The first line of what a tool was given: its path, its text … @param {unknown} input */
export function gist(input) {
  const value =
    input !== null && typeof input === 'object'
      ? Object.values(input).find((each) => typeof each === 'string' && each !== '')
      : input;
  const text = typeof value === 'string' ? value.slice(0, GIST_OF) : value;
  return shorten(readable(text ?? '').split('\n')[0] ?? '', GIST_LENGTH);
}

/**
 * Which result answers which call.
 * @param {OutputRecord[]} records
 * @returns {{results: Map<number, OutputRecord>, paired: Set<number>}} by number of the call, and the numbers of those
 *   results
 */
export function pair(records) {
  /** @type {Map<string, number>} */
  const calls = new Map();
  /** @type {Map<number, OutputRecord>} */
  const results = new Map();
  for (const record of records) {
    if (record.kind === 'tool_call' && record.callId) calls.set(record.callId, record.n);
    const call = record.kind === 'tool_result' ? calls.get(record.callId ?? '') : undefined;
    if (call !== undefined && !results.has(call)) results.set(call, record);
  }
  return { results, paired: new Set([...results.values()].map(({ n }) => n)) };
}

/** @param {OutputRecord} record */
export const cutNote = ({ bytes }) =>
  bytes === undefined ? '' : `Only the beginning is kept; it was ${formatBytes(bytes)}.`;

/** As text, to be copied. @param {OutputRecord[]} records */
export const transcript = (records) =>
  records
    .filter(({ kind }) => kind !== 'usage')
    .map((record) => `[${record.kind.replace('_', ' ')}] ${textOf(record)}`)
    .join('\n\n');
