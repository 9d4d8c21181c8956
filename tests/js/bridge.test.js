// @ts-check
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { entry, event, snapshot, task } from './helpers/wire.js';

const BRIDGE = fileURLToPath(new URL('bridge.mjs', import.meta.url));
const BOARD = snapshot({ seq: 10, tasks: [task('b'), task('a')] });

/**
 * @param {...object} requests
 * @returns {any[]}
 */
function ask(...requests) {
  const { stdout, stderr, status } = spawnSync(process.execPath, [BRIDGE], {
    input: requests.map((each) => JSON.stringify(each)).join('\n'),
    encoding: 'utf8',
  });
  assert.deepEqual([status, stderr], [0, '']);
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

test('a whole life, one answer a line', () => {
  const answers = ask(
    { op: 'start', now: 1_000 },
    { op: 'snapshot', snapshot: BOARD },
    { op: 'socket', event: 'open' },
    {
      op: 'frame',
      frame: { type: 'welcome', protocol: 1, build: 'test', epoch: 'e1', seq: 10, heartbeatMs: 5_000, now: 1_000 },
    },
    { op: 'open', key: 'history:a' },
    { op: 'frame', frame: event(11, 'history_appended', { taskId: 'a' }, [entry(2)]) },
    { op: 'partAnswer', key: 'history:a', epoch: 'e1', seq: 10, data: { events: [entry(1)] } },
    { op: 'frame', frame: event(13, 'task_deleted', { id: 'a' }) },
  );
  assert.ok(answers.every(({ ok }) => ok));
  assert.deepEqual(
    answers[1].state.tasks.map((/** @type {{id: string}} */ { id }) => id),
    ['a', 'b'],
    'sorted',
  );
  assert.deepEqual(answers[2].effects[0].message, { type: 'subscribe', protocol: 1, epoch: 'e1', since: 10 });
  assert.equal(answers[3].status.kind, 'live');
  assert.equal(answers[4].effects[0].type, 'readPart');
  assert.deepEqual(answers[6].parts['history:a'].data.entries, [entry(1), entry(2)]);
  assert.deepEqual(
    [answers[7].effects[0].type, answers[7].connection.tag, answers[7].state.seq],
    ['closeSocket', 'Reconnecting', 11],
  );
});

test('past the state machine', () => {
  const answers = ask(
    { op: 'swap', snapshot: BOARD },
    { op: 'event', event: event(12, 'task_deleted', { id: 'a' }) },
    { op: 'event', event: event(11, 'task_deleted', { id: 'a' }) },
    { op: 'new', brief: true },
    { op: 'state' },
  );
  assert.deepEqual(
    answers.map(({ outcome, state }) => [outcome, state?.seq]),
    [
      [undefined, 10],
      ['gap', 10],
      ['applied', 11],
      [undefined, undefined],
      [undefined, 0],
    ],
  );
});

test('what it does not understand it says', () => {
  const answers = ask({ op: 'comet' }, { op: 'open', key: 'comet:a' });
  assert.deepEqual(
    answers.map(({ ok, error }) => [ok, typeof error]),
    [
      [false, 'string'],
      [false, 'string'],
    ],
  );
});
