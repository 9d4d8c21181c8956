// @ts-check
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  agentNames,
  columnsOf,
  countNeedsYou,
  fewOf,
  neighbour,
  sameItems,
  tasksThatNeedYou,
} from '../../../static/js/lib/board.js';
import { makeRun, makeTask } from './helpers.mjs';

const every = () => true;

/**
 * @param {import('../../../static/js/lib/board.js').Columns} columns
 * @param {string} status
 */
const idsIn = (columns, status) => columns.find((column) => column.status === status)?.tasks.map((task) => task.id);

test('a column is sorted by the number of the last change, newest first', () => {
  const tasks = [makeTask({ id: 'a', seq: 3 }), makeTask({ id: 'b', seq: 9 }), makeTask({ id: 'c', seq: 5 })];
  assert.deepEqual(idsIn(columnsOf(tasks, every), 'pending'), ['b', 'c', 'a']);
});

test('columns that did not change keep their identity', () => {
  const [a, b] = [makeTask({ status: { type: 'pending' } }), makeTask({ status: { type: 'failed', message: '' } })];
  const first = columnsOf([a, b], every);
  const second = columnsOf([a, { ...b, version: 2 }], every, first);
  const changed = second.filter((column, index) => column !== first[index]).map((column) => column.status);
  assert.deepEqual(changed, ['failed']);
});

test('filters hide tasks and leave the totals', () => {
  const columns = columnsOf([makeTask({ id: 'x' }), makeTask({ id: 'y' })], (task) => task.id === 'x');
  assert.deepEqual(columns[0], { ...columns[0], total: 2 });
  assert.deepEqual(idsIn(columns, 'pending'), ['x']);
});

test('what needs a person: questions, then failures, then pauses', () => {
  const tasks = [
    makeTask({ id: 'w', status: { type: 'waiting', agent: 'a' } }),
    makeTask({ id: 'q', status: { type: 'awaiting_input' } }),
    makeTask({ id: 'f', status: { type: 'failed', message: '' } }),
    makeTask({ id: 'p', status: { type: 'active', agent: 'a' } }),
  ];
  assert.deepEqual(
    tasksThatNeedYou(columnsOf(tasks, every)).map((task) => task.id),
    ['q', 'f', 'w'],
  );
  assert.equal(countNeedsYou(tasks), 3);
});

test('a few of many: some of every state, in the given order', () => {
  const tasks = ['q', 'q', 'q', 'q', 'f', 'f', 'w'].map((id, index) =>
    makeTask({ id: `${id}${index}`, status: { type: { q: 'awaiting_input', f: 'failed', w: 'waiting' }[id] } }),
  );
  assert.deepEqual(
    fewOf(tasks, 4).map((task) => task.id),
    ['q0', 'q1', 'f4', 'w6'],
  );
  assert.deepEqual(fewOf(tasks, 9), tasks);
});

test('agents are those who work and those who worked', () => {
  const tasks = [
    makeTask({ status: { type: 'active', agent: 'writer' }, agentChain: [makeRun('scout'), makeRun('writer')] }),
    makeTask(),
  ];
  assert.deepEqual(agentNames(tasks), ['scout', 'writer']);
});

test('sameItems compares by identity', () => {
  const one = {};
  assert.equal(sameItems([one], [one]), true);
  assert.equal(sameItems([one], [{}]), false);
  assert.equal(sameItems([one], [one, one]), false);
});

const GRID = [['a1', 'a2', 'a3'], [], ['c1']];

for (const [from, direction, to] of /** @type {const} */ ([
  ['a1', 'down', 'a2'],
  ['a3', 'down', 'a3'],
  ['a2', 'up', 'a1'],
  ['a1', 'up', 'a1'],
  ['a3', 'right', 'c1'],
  ['c1', 'left', 'a1'],
  ['a1', 'left', 'a1'],
  ['c1', 'right', 'c1'],
  ['a2', 'first', 'a1'],
  ['a1', 'last', 'a3'],
  [null, 'down', 'a1'],
  ['gone', 'down', 'a1'],
])) {
  test(`from ${from} ${direction} is ${to}`, () => assert.equal(neighbour(GRID, from, direction), to));
}

test('an empty board has no neighbour', () => assert.equal(neighbour([[], []], null, 'down'), null));
