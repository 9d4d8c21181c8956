// @ts-check
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSeen, isolated, oneLine, quoted, shownText, visible } from '../../../static/js/lib/visible.js';

test('nothing in a text turns what follows, and line ends stay', () => {
  assert.equal(visible('a\u202Etxt.exe'), 'a\ufffdtxt.exe');
  assert.equal(visible('\u2066\u2067\u2068\u2069\u202a\u202b\u202c\u202d'), '\ufffd'.repeat(8));
  assert.equal(visible('a\0b\u0008c\u007fd'), 'a\ufffdb\ufffdc\ufffdd');
  assert.equal(visible('one\n\ttwo\r\n'), 'one\n\ttwo\r\n');
  assert.equal(visible('שלום\u200f!'), 'שלום\u200f!');
  assert.equal(shownText('\u001b[31mred\u001b[0m\u202e'), 'red\ufffd');
});

test('letters carry as many marks as a script needs', () => {
  assert.equal(visible(`a${'\u0301'.repeat(60_000)}b`), `a${'\u0301'.repeat(12)}b`);
  assert.equal(oneLine(`a${'\u0301'.repeat(100)}b`), `a${'\u0301'.repeat(4)}b`);
  for (const word of ['Ǘ', 'นี้', 'ཧཱུྃ', 'לְהִתְרָאוֹת', 'e\u0301']) assert.equal(oneLine(word), word);
});

test('a name is one line of letters that can be seen', () => {
  assert.equal(oneLine(' a\n\tb\u200b\ufeff\u00ad '), 'a b');
  assert.equal(oneLine(`a${'\u200d'.repeat(50)}b`), 'a\u200db');
  assert.equal(oneLine('👩‍👩‍👧 می‌خواهم'), '👩‍👩‍👧 می‌خواهم');
  assert.equal(oneLine('half \ud83d and \ude00'), 'half \ufffd and \ufffd');
  for (const nothing of ['', ' \n', '\u200b\u2060', '\u0301', '\u2800', '\u202e']) assert.ok(!isSeen(nothing));
  for (const something of ['a', '…', '漢', '🙂']) assert.ok(isSeen(something));
});

test('in a sentence a name from right to left keeps to itself', () => {
  assert.equal(quoted('plain'), '“plain”');
  assert.equal(quoted('إصلاح README.md (v2)!'), '“\u2068إصلاح README.md (v2)!\u2069”');
  assert.equal(isolated('עברית'), '\u2068עברית\u2069');
});
