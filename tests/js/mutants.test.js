// @ts-check
/** The tests see what they are there for: with any of these rules taken out, they fail. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const MUTANTS = join(ROOT, 'tests/mutants');
const TESTS = ['clock', 'state', 'store', 'parts', 'world'].map((name) => `tests/js/${name}.test.js`);
const patches = readdirSync(MUTANTS).filter(
  (name) => name.endsWith('.patch') && readFileSync(join(MUTANTS, name), 'utf8').includes('static/js/'),
);

let folder = '';
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'chorus-mutants-'));
});
after(() => rmSync(folder, { recursive: true }));

test('the five of the plan are there', () => {
  const expected = [
    'merge_instead_of_swap',
    'no_epoch_check',
    'no_gap_check',
    'no_heartbeat_cursor',
    'part_without_as_of',
  ];
  assert.deepEqual(
    expected.filter((name) => !patches.includes(`${name}.patch`)),
    [],
  );
});

test('without a mutant they pass', () => assert.equal(runIn(copyTo('none'), TESTS).status, 0));

for (const patch of patches) {
  test(`${patch} applies, and is caught`, () => {
    const copy = copyTo(patch);
    const applied = run(copy, 'git', ['apply', join(MUTANTS, patch)]);
    assert.equal(applied.status, 0, applied.stderr);
    const failed = firstToFail(copy);
    assert.ok(failed, 'it survived');
    assert.match(failed.stdout, /^# fail [1-9]/m);
  });
}

/** @param {string} name */
function copyTo(name) {
  const copy = join(folder, name);
  for (const part of ['package.json', 'static/js', 'tests/js'])
    cpSync(join(ROOT, part), join(copy, part), { recursive: true });
  return copy;
}

/** The result of the first test file that sees the mutant; the others need not run. @param {string} copy */
function firstToFail(copy) {
  for (const name of TESTS) {
    const ended = runIn(copy, [name]);
    if (ended.status !== 0) return ended;
  }
  return null;
}

/**
 * @param {string} copy
 * @param {string[]} tests
 */
function runIn(copy, tests) {
  return run(copy, process.execPath, ['--test', '--test-reporter=tap', ...tests]);
}

/**
 * @param {string} cwd
 * @param {string} command
 * @param {string[]} args
 */
function run(cwd, command, args) {
  const { NODE_TEST_CONTEXT, ...env } = process.env; // a test runner inside a test runs nothing, else
  return spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    env: { ...env, LIVES: '40', GIT_CEILING_DIRECTORIES: folder },
  });
}
