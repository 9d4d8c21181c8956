// @ts-check
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runIdOf, readable, selectEntries, tell } from '../../../static/js/lib/history.js';

/**
 * @param {number} id
 * @param {string} eventType
 * @param {Record<string, string>} [data]
 */
const entry = (id, eventType, data = {}) => ({ id, timestamp: id, eventType, data });

test('a change of state is a sentence', () => {
  const told = tell(entry(1, 'status_changed', { from: 'awaiting_input', to: 'failed' }));
  assert.deepEqual(
    [told.sentence, told.topic, told.isBad, told.details],
    ['Awaiting input → Failed', 'status', true, []],
  );
});

test('an event type that is not known still reads well', () => {
  const told = tell(entry(1, 'moon_phase_changed', { newPhase: 'full' }));
  assert.deepEqual([told.sentence, told.details], ['Moon phase changed', [['newPhase', 'full']]]);
});

test('numbered details come in the order of their numbers', () => {
  const data = Object.fromEntries([10, 2, 1].map((n) => [`plan_step_${n}`, 'x']));
  assert.deepEqual(
    tell(entry(1, 'planning_completed', data)).details.map(([key]) => key),
    ['plan_step_1', 'plan_step_2', 'plan_step_10'],
  );
});

test('newest first, filtered by topic and by text', () => {
  // (U12)
  const entries = [
    entry(1, 'task_created'),
    entry(2, 'tool_executed', { tool: 'file.read', output: 'Needle' }),
    entry(3, 'tool_executed', { tool: 'file.write' }),
  ];
  /**
   * @param {string} topic
   * @param {string} q
   */
  const ids = (topic, q) => selectEntries(entries, { topic, q }).map((each) => each.id);
  assert.deepEqual(ids('', ''), [3, 2, 1]);
  assert.deepEqual(ids('tools', ''), [3, 2]);
  assert.deepEqual(ids('', 'needle '), [2]);
  assert.deepEqual(ids('status', ''), []);
});

test('names of keys are made readable', () =>
  assert.deepEqual(['blockedReason', 'plan_step_1'].map(readable), ['Blocked reason', 'Plan step 1']));

test('agent events point to their run', () => {
  assert.equal(runIdOf(entry(1, 'agent_started', { runId: 'r' })), 'r');
  assert.equal(runIdOf(entry(1, 'agent_started', {})), null);
  assert.equal(runIdOf(entry(1, 'tool_executed', { runId: 'r' })), null);
});
