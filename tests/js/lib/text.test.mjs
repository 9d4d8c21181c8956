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
  ['Fix __init__.py imports', 'Fix __init__.py imports'],
  ['Call __init_subclass__ once', 'Call __init_subclass__ once'],
  ['Support **kwargs in foo', 'Support **kwargs in foo'],
  ['Take *args, **kwargs and **options', 'Take *args, **kwargs and **options'],
  ['rename my__var and our__other__var', 'rename my__var and our__other__var'],
  ['compute 2**10 and 2**3**4', 'compute 2**10 and 2**3**4'],
  ['Find src/**/*.ts and **/*.js in **/test/**', 'Find src/**/*.ts and **/*.js in **/test/**'],
  ['f(**a, **b)', 'f(**a, **b)'],
  ['Rename `__all__` to `**x**`', 'Rename __all__ to **x**'],
  ['``a ` b`` and `open', 'a ` b and `open'],
  ['**Fix:** the **second one**, (**third**).', 'Fix: the second one, (third).'],
  ['__two words__ and __für__ bold', 'two words and für bold'],
  ['## **`code`** in bold', 'code in bold'],
  ['\u200b\u2060\n\u202e\nseen', 'seen'],
  ['a\u202etxt.exe', 'a\ufffdtxt.exe'],
  ['\u001b[1mno terminal\u001b[0m', 'no terminal'],
  ['> quoted', 'quoted'],
  ['one\r\ntwo', 'one'],
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

test('the title of any text is found quickly', () => {
  for (const unit of [' ', '\n', '`', '**a ', '__a ', '__a b', '\u200b\n', '(', '\u0301', '\u202e\n', '# ', '> '])
    assert.ok(performanceOf(() => titleOf(unit.repeat((64 * 1024) / unit.length))) < 500, JSON.stringify(unit));
});

/** @param {() => unknown} act */
function performanceOf(act) {
  const began = process.cpuUsage();
  act();
  return process.cpuUsage(began).user / 1000;
}
