// @ts-check
import assert from 'node:assert/strict';
import { test } from 'node:test';

/** @import {OutputData, OutputRecord} from '../../../static/js/types.js' */

import {
  FOLLOW,
  SHOWN,
  STEP,
  cutNote,
  gist,
  having,
  newerAtHand,
  olderQuery,
  pair,
  pausedAt,
  shownOf,
  textOf,
  transcript,
  unseen,
  withNewer,
  withOlder,
} from '../../../static/js/lib/output.js';

/**
 * @param {number} n
 * @param {Partial<OutputRecord>} [fields]
 * @returns {OutputRecord}
 */
const record = (n, fields = {}) => ({ n, at: 1, kind: 'text', text: `said ${n}`, ...fields });
/**
 * @param {number} from
 * @param {number} to
 */
const range = (from, to) => Array.from({ length: to - from + 1 }, (_, k) => record(from + k));
/**
 * What the store keeps of a long run.
 * @param {number} last
 * @returns {OutputData}
 */
const tailTo = (last) => ({ epoch: 'o', first: 1, last, newest: last, records: range(Math.max(1, last - 499), last) });
const ends = (/** @type {OutputRecord[]} */ records) => [records[0]?.n, records.at(-1)?.n];

test('following shows the end; paused it stays and counts', () => {
  assert.deepEqual(ends(shownOf(FOLLOW, tailTo(100_000))), [100_001 - SHOWN, 100_000]);
  const paused = pausedAt(shownOf(FOLLOW, tailTo(100_000)));
  assert.deepEqual(ends(shownOf(paused, tailTo(100_003))), [100_001 - SHOWN, 100_000]);
  assert.deepEqual([unseen(paused, tailTo(100_003)), unseen(FOLLOW, tailTo(100_003))], [3, 0]);
});

test('a window goes back to the first record and forth to the last, always bounded and without a hole', () => {
  const tail = tailTo(3_000);
  let shown = shownOf(FOLLOW, tail);
  for (let query = olderQuery(FOLLOW, tail); query; query = olderQuery(pausedAt(shown), tail)) {
    shown = withOlder(shown, range(query.since + 1, query.since + query.limit));
    assert.ok(shown.length <= 300);
    assert.equal((shown.at(-1)?.n ?? 0) - (shown[0]?.n ?? 0), shown.length - 1);
  }
  assert.equal(shown[0]?.n, 1);
  while (unseen(pausedAt(shown), tail) > 0) {
    const last = shown.at(-1)?.n ?? 0;
    shown = withNewer(shown, newerAtHand(shown, tail) ?? range(last + 1, last + STEP));
  }
  assert.deepEqual(ends(shown), [2_701, 3_000]);
});

test('what does not join is not taken', () => {
  assert.deepEqual(ends(withOlder(range(50, 60), range(10, 20))), [50, 60]);
  assert.deepEqual(ends(withNewer(range(50, 60), range(70, 80))), [50, 60]);
  assert.deepEqual(ends(withNewer(range(50, 60), range(55, 80))), [50, 80]);
  assert.equal(newerAtHand(range(1, 9), tailTo(3_000)), null);
});

test('nothing is older than the first that is kept', () => {
  assert.deepEqual(olderQuery(pausedAt(range(300, 400)), { ...tailTo(3_000), first: 250 }), { since: 249, limit: 50 });
  assert.equal(olderQuery(pausedAt(range(250, 400)), { ...tailTo(3_000), first: 250 }), null);
});

test('a result belongs to its call', () => {
  const call = (/** @type {number} */ n, /** @type {string} */ callId) =>
    record(n, { kind: 'tool_call', callId, tool: 'file.read' });
  const result = (/** @type {number} */ n, /** @type {string} */ callId) =>
    record(n, { kind: 'tool_result', callId, output: 'x' });
  const { results, paired } = pair([
    result(1, 'lost'),
    call(2, 'a'),
    call(3, 'b'),
    result(4, 'b'),
    result(5, 'a'),
    result(6, 'a'),
    call(7, ''),
  ]);
  assert.deepEqual(
    [...results].map(([n, { n: by }]) => [n, by]),
    [
      [3, 4],
      [2, 5],
    ],
  );
  assert.deepEqual([...paired], [4, 5]);
});

test('words', () => {
  assert.equal(gist({ limit: 3, path: 'notes/a.md\nb' }), 'notes/a.md');
  assert.equal(gist('x'.repeat(300)).length, 120);
  assert.equal(gist(null), '');
  assert.equal(
    textOf(record(1, { kind: 'tool_call', tool: 't', input: { a: 1 }, text: undefined })),
    't {\n  "a": 1\n}',
  );
  assert.equal(cutNote(record(1, { bytes: 2_000_000 })), 'Only the beginning is kept; it was 2.0 MB.');
  assert.equal(having([record(1, { text: 'Grüße' }), record(2)], 'GRÜSSE'.replace('SS', 'ß')).length, 1);
  assert.equal(transcript([record(1), record(2, { kind: 'usage' })]), '[text] said 1');
});
