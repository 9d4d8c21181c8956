// @ts-check
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';

import { replay } from './replay.mjs';
import { event, snapshot, task } from './helpers/wire.js';

const BEFORE = snapshot({ seq: 1, tasks: [task('a')] });
const AFTER = snapshot({ seq: 2, tasks: [task('b'), task('a')] });
const WELCOME = {
  type: 'welcome',
  protocol: 1,
  build: 'x',
  epoch: 'e1',
  seq: 1,
  heartbeatMs: 5_000,
  now: 1_700_000_000_000,
};
const START = [{ snapshot: BEFORE }, { socket: 'open' }, { frame: WELCOME }];

/** @param {object[]} lines */
const transcript = (...lines) => lines.map((line) => JSON.stringify(line)).join('\n');

describe('replaying a transcript', () => {
  test('ends at the state of the server', () => {
    replay(
      transcript(
        ...START,
        { frame: event(2, 'task_created', task('b')) },
        { frame: { type: 'heartbeat', seq: 2, now: 1_700_000_000_000 } },
        { final: AFTER },
      ),
    );
  });

  test('goes on after a break, and after a resync', () => {
    replay(
      transcript(
        ...START,
        { socket: 'close', code: 1012 },
        { socket: 'open' },
        { frame: WELCOME },
        { frame: { type: 'resync', reason: 'expired' } },
        { snapshot: AFTER },
        { frame: { ...WELCOME, seq: 2 } },
        { final: AFTER },
      ),
    );
  });

  for (const [why, lines] of /** @type {[string, object[]][]} */ ([
    ['another state', [...START, { final: AFTER }]],
    ['a missing event', [...START, { frame: event(3, 'task_created', task('b')) }, { final: AFTER }]],
    ['a heartbeat that does not fit', [...START, { frame: { type: 'heartbeat', seq: 2, now: 1 } }, { final: BEFORE }]],
    ['a snapshot nobody asked for', [...START, { snapshot: AFTER }, { final: AFTER }]],
    ['no end', START],
  ])) {
    test(`refuses ${why}`, () => assert.throws(() => replay(transcript(...lines))));
  }
});

describe('golden transcripts of the real servers', () => {
  const folder = new URL('transcripts/', import.meta.url);
  const names = readdirSync(folder).filter((name) => name.endsWith('.jsonl'));

  test('there are some', () => assert.notEqual(names.length, 0));

  for (const name of names) {
    test(name, () => replay(readFileSync(new URL(name, folder), 'utf8')));
  }
});
