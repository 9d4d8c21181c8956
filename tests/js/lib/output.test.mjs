// @ts-check
import assert from 'node:assert/strict';
import { test } from 'node:test';

/** @import {OutputData, OutputRecord} from '../../../static/js/types.js' */

import { blockOf, isHeadOpen, joined, lastOf, withWholeHead } from '../../../static/js/lib/blocks.js';
import {
  FOLLOW,
  PAGE,
  SHOWN,
  cutNote,
  gist,
  having,
  newerAtHand,
  olderQuery,
  pair,
  pausedAt,
  readable,
  shownOf,
  textOf,
  transcript,
  unseen,
  withFound,
  withNewer,
  withOlder,
} from '../../../static/js/lib/output.js';
import { createRandom } from '../helpers/random.js';

/**
 * A text that does not go on with another.
 * @param {number} n
 * @param {Partial<OutputRecord>} [fields]
 * @returns {OutputRecord}
 */
const record = (n, fields = {}) => ({ n, at: 1, kind: 'text', text: `said ${n}`, first: true, ...fields });
/**
 * A piece of what was said before.
 * @param {number} n
 * @param {string} text
 * @param {Partial<OutputRecord>} [fields]
 * @returns {OutputRecord}
 */
const piece = (n, text, fields = {}) => ({ n, at: 1, kind: 'text', text, ...fields });
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
const tailTo = (last) => ({
  epoch: 'o',
  first: 1,
  last,
  newest: last,
  records: range(Math.max(1, last - 499), last),
  older: 'idle',
});
const ends = (/** @type {OutputRecord[]} */ records) => [records[0]?.n, records.at(-1)?.n];
const said = (/** @type {OutputRecord[]} */ blocks) => blocks.map(({ n, to, text }) => [n, to ?? n, text]);

test('the pieces of an answer are one block, until a mark or another kind', () => {
  const words = ['Here', ' is', ':\n\n```', 'py\n', 'def', ' f():\n', '```', '\n'];
  const blocks = joined(
    [],
    [
      ...words.map((word, k) => piece(k + 1, word)),
      piece(9, 'Next', { first: true }),
      piece(10, ' one'),
      piece(11, 'hm', { kind: 'thinking' }),
      piece(12, ' hm', { kind: 'thinking' }),
      piece(13, 'why?', { kind: 'notice' }),
      piece(14, 'a', { kind: 'notice' }),
      piece(15, 'Done'),
    ],
  );
  assert.deepEqual(said(blocks), [
    [1, 8, words.join('')],
    [9, 10, 'Next one'],
    [11, 12, 'hm hm'],
    [13, 13, 'why?'],
    [14, 14, 'a'],
    [15, 15, 'Done'],
  ]);
});

test('blocks are the same however their pieces come', () => {
  for (let seed = 1; seed <= 100; seed += 1) {
    const random = createRandom(seed).next;
    const kinds = /** @type {const} */ (['text', 'text', 'text', 'thinking', 'usage']);
    const records = Array.from({ length: 40 }, (_, k) =>
      piece(k + 1, `${k}`, {
        kind: kinds[Math.floor(random() * kinds.length)] ?? 'text',
        ...(random() < 0.1 ? { first: true } : {}),
      }),
    );
    const whole = joined([], records);
    const border = Math.floor(random() * 40);
    const [before, after] = [joined([], records.slice(0, border)), joined([], records.slice(border))];
    assert.deepEqual(joined(before, records.slice(border)), whole);
    assert.deepEqual(joined(before, after), whole);
    assert.deepEqual(
      records.reduce((blocks, each) => joined(blocks, [each]), /** @type {OutputRecord[]} */ ([])),
      whole,
    );
  }
});

test('a hole, or a piece that was cut, ends a block; what does not grow stays the same object', () => {
  assert.equal(joined([], [piece(1, 'a'), piece(3, 'b')]).length, 2);
  assert.equal(joined([], [piece(1, 'a', { bytes: 99 }), piece(2, 'b')]).length, 2);
  const blocks = joined([], [record(1), record(2), piece(3, ' more')]);
  const grown = joined(blocks, [piece(4, '!')]);
  assert.equal(grown[0], blocks[0]);
  assert.deepEqual(
    [said(grown).at(-1), said(blocks).at(-1)],
    [
      [2, 4, 'said 2 more!'],
      [2, 3, 'said 2 more'],
    ],
  );
});

test('a block whose beginning is missing is left out, unless it is all', () => {
  const half = joined([], [piece(5, 'b'), piece(6, 'c'), record(7)]);
  assert.ok(isHeadOpen(half, 1));
  assert.deepEqual(ends(withWholeHead(half, 1)), [7, 7]);
  assert.deepEqual(ends(withWholeHead(half, 5)), [5, 7]);
  assert.deepEqual(ends(withWholeHead(half.slice(0, 1), 1)), [5, 5]);
  assert.equal(blockOf(half, 6), half[0]);
});

test('following shows the end; paused it stays and counts', () => {
  assert.deepEqual(ends(shownOf(FOLLOW, tailTo(100_000))), [100_001 - SHOWN, 100_000]);
  const paused = pausedAt(shownOf(FOLLOW, tailTo(100_000)));
  assert.deepEqual(ends(shownOf(paused, tailTo(100_003))), [100_001 - SHOWN, 100_000]);
  assert.deepEqual([unseen(paused, tailTo(100_003)), unseen(FOLLOW, tailTo(100_003))], [3, 0]);
  assert.equal(unseen(paused, tailTo(101_000)), 1_000);
});

test('what counts and is shown are blocks, not pieces', () => {
  const answers = 120;
  const pieces = Array.from({ length: answers * 10 }, (_, k) =>
    piece(k + 1, `${k % 10}`, k % 10 === 0 ? { first: true } : {}),
  );
  const records = joined([], pieces);
  const tail = { ...tailTo(1), last: 1200, newest: 1200, records };
  assert.equal(shownOf(FOLLOW, tail).length, SHOWN);
  assert.equal(textOf(/** @type {OutputRecord} */ (shownOf(FOLLOW, tail)[0])), '0123456789');
  assert.equal(unseen(pausedAt(joined([], pieces.slice(0, 1180))), tail), 2);
});

test('a window goes back to the first record and forth to the last, always bounded and without a hole', () => {
  const tail = tailTo(3_000);
  let shown = shownOf(FOLLOW, tail);
  for (let query = olderQuery(shown, tail); query; query = olderQuery(shown, tail)) {
    shown = withOlder(shown, range(query.since + 1, query.since + query.limit), 1);
    assert.ok(shown.length <= 300);
    assert.equal((shown.at(-1)?.n ?? 0) - (shown[0]?.n ?? 0), shown.length - 1);
  }
  assert.equal(shown[0]?.n, 1);
  while (unseen(pausedAt(shown), tail) > 0) {
    const last = shown.at(-1)?.n ?? 0;
    shown = withNewer(shown, newerAtHand(shown, tail) ?? range(last + 1, last + PAGE));
    assert.ok(shown.length <= 300);
  }
  assert.deepEqual(ends(shown), [2_701, 3_000]);
});

test('an older page joins across its border', () => {
  const shown = joined([], [piece(11, 'world'), record(12)]);
  const older = [record(9), piece(10, ', hello ')];
  assert.deepEqual(said(withOlder(shown, older, 1)), [
    [9, 11, 'said 9, hello world'],
    [12, 12, 'said 12'],
  ]);
});

test('a block that has grown takes the place of what was shown of it', () => {
  const shown = joined([], [record(1), piece(2, '.')]);
  const tail = { ...tailTo(1), last: 4, newest: 4, records: joined(shown, [piece(3, '!'), record(4)]) };
  assert.equal(unseen(pausedAt(shown), tail), 2);
  assert.deepEqual(said(withNewer(shown, newerAtHand(shown, tail) ?? [])), [
    [1, 3, 'said 1.!'],
    [4, 4, 'said 4'],
  ]);
  assert.deepEqual(said(withNewer(shown, [piece(3, '!')])), [[1, 3, 'said 1.!']]);
  const half = { ...tail, records: joined([], [piece(2, '.'), piece(3, '!')]) };
  assert.equal(newerAtHand(shown, half), null, 'the store has lost the beginning of this block');
});

test('what does not join is not taken', () => {
  assert.deepEqual(ends(withOlder(range(50, 60), range(10, 20), 1)), [50, 60]);
  assert.deepEqual(ends(withNewer(range(50, 60), range(70, 80))), [50, 60]);
  assert.deepEqual(ends(withNewer(range(50, 60), range(55, 80))), [50, 80]);
  assert.equal(newerAtHand(range(1, 9), tailTo(3_000)), null);
});

test('nothing is older than the first that is kept', () => {
  assert.deepEqual(olderQuery(range(300, 400), { ...tailTo(3_000), first: 250 }), { since: 249, limit: 50 });
  assert.equal(olderQuery(range(250, 400), { ...tailTo(3_000), first: 250 }), null);
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

test('a search finds what stands in several pieces, and what has come since', () => {
  const blocks = joined([], [record(1, { text: 'the qui' }), piece(2, 'ck bro'), piece(3, 'wn fox'), record(4)]);
  assert.deepEqual(said(having(blocks, 'QUICK BROWN')), [[1, 3, 'the quick brown fox']]);
  const found = [record(1, { text: 'the quick' })];
  assert.deepEqual(said(withFound(found, blocks.slice(0, 1), 'quick')), [[1, 3, 'the quick brown fox']]);
  assert.deepEqual(said(withFound([record(7)], [record(9)], 'nothing')), [[7, 7, 'said 7']]);
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
  assert.equal(transcript(joined([], [record(1), piece(2, ' and'), piece(3, ' more')])), '[text] said 1 and more');
});

test('what a program wrote for a terminal is read as it looked there', () => {
  const output = '\u001b[31mFAIL\u001b[0m \u001b]8;;http://x\u0007link\u001b]8;;\u0007';
  const result = record(1, { kind: 'tool_result', text: undefined, output });
  assert.equal(textOf(result), 'FAIL link');
  assert.equal(having([result], '31m').length, 0);
  assert.equal(textOf(lastOf(result) === 1 ? record(1, { kind: 'stderr', text: '1%\r99%\r' }) : result), '99%');
  assert.equal(gist({ command: '\u001b[1mls\u001b[0m' }), 'ls');
});

test('JSON is laid out however deep it is', () => {
  /** @type {unknown} */
  let deep = 1;
  for (let level = 0; level < 4_000; level += 1) deep = [deep];
  assert.ok(readable(deep).length < 20_000);
  for (let level = 0; level < 200_000; level += 1) deep = { a: deep };
  assert.equal(typeof readable(deep), 'string');
  assert.equal(readable({ a: [1, { b: null }] }), '{\n  "a": [\n    1,\n    {\n      "b": null\n    }\n  ]\n}');
});
