// @ts-check
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { movesOf, whyNot } from '../../../static/js/lib/transitions.js';
import { STATUSES } from '../../../static/js/words.js';
import { makePlanned, makeTask } from './helpers.mjs';

/** The rows of contract A3 that a person may do with PUT status. @type {Record<string, string[]>} */
const LEGAL = {
  pending: ['planned', 'failed'],
  planning: ['pending'],
  awaiting_input: ['pending', 'failed'],
  planned: ['pending', 'failed'],
  active: ['waiting', 'completed', 'failed'],
  waiting: ['completed', 'failed'],
  completed: ['pending'],
  failed: ['pending'],
};

for (const from of STATUSES) {
  for (const to of STATUSES) {
    const isLegal = LEGAL[from]?.includes(to);
    test(`${from} → ${to} is ${isLegal ? 'offered' : 'refused with a reason'}`, () => {
      const task = makePlanned({ status: { type: from } });
      const reason = whyNot(task, to);
      assert.equal(reason === null, isLegal);
      assert.equal(movesOf(task).some((move) => move.to === to), isLegal);
      if (!isLegal) assert.match(reason ?? '', /\.$/);
    });
  }
}

test('a task without a plan cannot be marked planned', () => {
  const task = makeTask();
  assert.deepEqual(movesOf(task).map((move) => move.to), ['failed']);
  assert.match(whyNot(task, 'planned') ?? '', /no plan/);
});
