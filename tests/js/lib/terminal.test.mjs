// @ts-check
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { terminalText } from '../../../static/js/lib/terminal.js';

/** The same cases as for the command line. @type {[string, string][]} */
const CASES = JSON.parse(readFileSync(new URL('../../terminal.json', import.meta.url), 'utf8'));

for (const [written, seen] of CASES)
  test(`of ${JSON.stringify(written)} is seen ${JSON.stringify(seen)}`, () =>
    assert.equal(terminalText(written), seen));

test('no text takes long', () => {
  for (const unit of [
    '\x1bP',
    '\x90',
    '\x1b]',
    '\x1b[',
    '\x1b',
    '\r',
    '\b',
    'a\r',
    '\x1b[2K\r',
    '\x9d',
    '\x1b]\x1b',
    'a\b',
  ])
    for (const text of [unit.repeat(60_000), `${unit.repeat(1_000)}\n`.repeat(60)]) {
      const began = process.cpuUsage();
      terminalText(text);
      const ms = process.cpuUsage(began).user / 1000;
      assert.ok(ms < 1_000, `${ms} ms for ${JSON.stringify(unit)}`);
    }
});
