// @ts-check
/**
 * What of a run's output is shown. Pure.
 *
 * Following, it is the end of the newest records, which the store keeps. Paused, it is a window of records that stays
 * where it is: it is moved by pages read before or behind it, and keeps a bounded number of them.
 */

/** @import {OutputData, OutputRecord} from '../types.js' */

import { formatBytes } from './text.js';

/** @typedef {{mode: 'follow'} | {mode: 'paused', records: OutputRecord[]}} Reading */

export const SHOWN = 100;
export const STEP = 100;
const MOST = 300;

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

/**
 * How many have come that are not shown.
 * @param {Reading} reading
 * @param {OutputData} tail
 */
export const unseen = (reading, tail) =>
  reading.mode === 'follow' ? 0 : Math.max(0, tail.last - (reading.records.at(-1)?.n ?? tail.last));

/**
 * Where to read what stands before the window; null: it begins with the first one.
 * @param {Reading} reading
 * @param {OutputData} tail
 */
export function olderQuery(reading, tail) {
  const first = shownOf(reading, tail)[0]?.n ?? 1;
  const start = Math.max(tail.first, first - STEP);
  return start >= first ? null : { since: start - 1, limit: first - start };
}

/**
 * Only what joins without a hole is taken.
 * @param {OutputRecord[]} shown
 * @param {OutputRecord[]} older
 */
export function withOlder(shown, older) {
  const joins = older.at(-1)?.n === (shown[0]?.n ?? 0) - 1;
  return joins ? [...older, ...shown].slice(0, MOST) : shown;
}

/**
 * @param {OutputRecord[]} shown
 * @param {OutputRecord[]} newer
 */
export function withNewer(shown, newer) {
  const last = shown.at(-1)?.n ?? 0;
  const fresh = newer.filter(({ n }) => n > last);
  return fresh[0]?.n === last + 1 ? [...shown, ...fresh].slice(-MOST) : shown;
}

/**
 * What follows the window, where the store has it.
 * @param {OutputRecord[]} shown
 * @param {OutputData} tail
 */
export function newerAtHand(shown, tail) {
  const last = shown.at(-1)?.n ?? 0;
  const begin = (tail.records[0]?.n ?? Infinity) - 1;
  return begin > last ? null : tail.records.filter(({ n }) => n > last).slice(0, STEP);
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

/** All that a record says. @param {OutputRecord} record */
export function textOf({ kind, text, tool, input, output }) {
  if (kind === 'tool_call') return `${tool ?? ''} ${readable(input)}`.trim();
  if (kind === 'usage') return `${input ?? 0} + ${output ?? 0} tokens`;
  return text ?? readable(output);
}

/** JSON as people read it. @param {unknown} value */
export const readable = (value) =>
  typeof value === 'string' ? value : value === undefined ? '' : JSON.stringify(value, null, 2);

/** The first line of what a tool was given: its path, its text … @param {unknown} input */
export function gist(input) {
  const value =
    input !== null && typeof input === 'object'
      ? Object.values(input).find((each) => typeof each === 'string' && each !== '')
      : input;
  const line = readable(value ?? '').split('\n')[0] ?? '';
  return line.length > 120 ? `${line.slice(0, 119)}…` : line;
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
