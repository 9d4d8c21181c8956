// @ts-check
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { byteLength, fileProblem, formatBytes, plural, shorten, titleOf } from '../../../static/js/lib/text.js';

for (const [text, title] of [
  ['Write a story\nwith a twist', 'Write a story'],
  ['\n\n  # Heading  \nrest', 'Heading'],
  ['- **bold** `code`', 'bold code'],
  ['#hashtag stays', '#hashtag stays'],
  ['   \n', 'Untitled task'],
  ['', 'Untitled task'],
]) {
  test(`the title of ${JSON.stringify(text)}`, () => assert.equal(titleOf(/** @type {string} */ (text)), title));
}

test('a long title is cut at a character, not inside one', () => {
  const title = titleOf('🙂'.repeat(500));
  assert.equal(Array.from(title).length, 200);
  assert.doesNotMatch(title, /[\uD800-\uDBFF](?![\uDC00-\uDFFF])/);
});

test('shorten leaves short text alone', () => assert.equal(shorten('short', 10), 'short'));

for (const [bytes, text] of /** @type {const} */ ([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1.0 kB'],
  [2048, '2.0 kB'],
  [20_480, '20 kB'],
  [999_600, '1.0 MB'],
  [3_400_000, '3.4 MB'],
  [5e12, '5000 GB'],
])) {
  test(`${bytes} bytes are ${text}`, () => assert.equal(formatBytes(bytes), text));
}

test('one is not many', () =>
  assert.deepEqual(
    [plural(1, 'entry', 'entries'), plural(0, 'task'), plural(1200, 'task')],
    ['1 entry', '0 tasks', '1,200 tasks'],
  ));

test('bytes are those of UTF-8', () => assert.equal(byteLength('ü🙂'), 6));

for (const [name, size, isGood] of /** @type {const} */ ([
  ['notes.md', 1, true],
  ['a & b = #1.txt', 1, true],
  ['x', 10 * 1024 * 1024, true],
  ['x', 10 * 1024 * 1024 + 1, false],
  ['a/b', 1, false],
  ['a\\b', 1, false],
  ['..', 1, false],
  ['a..b', 1, false],
  ['.', 1, false],
  ['', 1, false],
  ['ü'.repeat(128), 1, false],
])) {
  test(`the file ${JSON.stringify(name.slice(0, 20))} of ${size} bytes is ${isGood ? 'sent' : 'refused'}`, () =>
    assert.equal(fileProblem({ name, size }) === null, isGood));
}
