// @ts-check
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasSteps, hindranceOf, stepTo, stepsOf, whyNot } from '../../../static/js/lib/transitions.js';
import { STATUSES } from '../../../static/js/words.js';
import { makePlanned, makeTask } from './helpers.mjs';

/** The rows of contract A3 that a person may do, each with its verb. @type {Record<string, Record<string, string>>} */
const LEGAL = {
  pending: { planning: 'plan', planned: 'move', active: 'start', failed: 'move' },
  planning: { pending: 'move' },
  awaiting_input: { planning: 'answer', pending: 'move', failed: 'move' },
  planned: { active: 'start', pending: 'move', failed: 'move' },
  active: { waiting: 'move', completed: 'move', failed: 'move' },
  waiting: { active: 'start', completed: 'move', failed: 'move' },
  completed: { pending: 'move' },
  failed: { pending: 'move' },
};

for (const from of STATUSES) {
  for (const to of STATUSES) {
    const verb = LEGAL[from]?.[to];
    test(`${from} → ${to} is ${verb ? `offered as ${verb}` : 'refused with a reason'}`, () => {
      const task = makePlanned({ status: { type: from }, plan: ['a step'] });
      const reason = whyNot(task, to);
      assert.equal(reason === null, verb !== undefined);
      assert.equal(stepTo(task, to)?.verb, verb);
      if (!verb) assert.match(reason ?? '', /\.$/);
    });
  }
}

test('a task without steps cannot be marked planned, even where other texts of a plan are there', () => {
  for (const task of [makeTask(), makePlanned({ summary: 's' })]) {
    assert.equal(hasSteps(task), false);
    assert.deepEqual(
      stepsOf(task).map(({ to }) => to),
      ['planning', 'active', 'failed'],
    );
    assert.match(whyNot(task, 'planned') ?? '', /no plan/);
  }
});

test('the likeliest step comes first', () => {
  assert.deepEqual(
    [makeTask(), makePlanned({ plan: ['p'] })].map((task) => stepsOf(task)[0]?.verb),
    ['plan', 'start'],
  );
});

test('verbs wait for what is missing in the workspace, moves do not', () => {
  const hindrances = { plan: 'No planner.', start: 'No agent.' };
  const task = makePlanned({ plan: ['p'] });
  assert.deepEqual(
    stepsOf(task).map((step) => hindranceOf(step, hindrances)),
    ['No agent.', 'No planner.', null, null],
  );
  assert.equal(whyNot(task, 'planning', hindrances), 'No planner.');
  assert.equal(whyNot(makePlanned({ status: { type: 'awaiting_input' } }), 'planning', hindrances), 'No planner.');
});
