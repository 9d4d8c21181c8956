// @ts-check
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DESCRIPTION, PLAN_FIELDS, isSameValue, problemOf, tidy, valueOf } from '../../../static/js/lib/fields.js';
import { insertAt, moveBy, removeAt, replaceAt } from '../../../static/js/lib/lists.js';
import { makePlanned, makeTask } from './helpers.mjs';

const [summary, requirements] =
  /** @type {[import('../../../static/js/lib/fields.js').Field, import('../../../static/js/lib/fields.js').Field]} */ (
    PLAN_FIELDS
  );

test('a task without a plan has empty fields', () =>
  assert.deepEqual([valueOf(makeTask(), summary), valueOf(makeTask(), requirements)], ['', []]));

test('the value is that of the task', () =>
  assert.deepEqual(valueOf(makePlanned({ requirements: ['a'] }), requirements), ['a']));

test('blank items are not sent', () => assert.deepEqual(tidy([' a ', '', '  ', 'b']), ['a', 'b']));

test('texts are sent as they are', () => assert.equal(tidy(' a '), ' a '));

test('values are compared by content', () =>
  assert.deepEqual([isSameValue(['a'], ['a']), isSameValue(['a'], ['b']), isSameValue('', '')], [true, false, true]));

for (const [
  field,
  value,
  isGood,
] of /** @type {[import('../../../static/js/lib/fields.js').Field, string|string[], boolean][]} */ ([
  [DESCRIPTION, 'x', true],
  [DESCRIPTION, ' \n', false],
  [DESCRIPTION, 'x'.repeat(64 * 1024), true],
  [DESCRIPTION, 'x'.repeat(64 * 1024 + 1), false],
  [summary, '', true],
  [requirements, Array(200).fill('x'), true],
  [requirements, Array(201).fill('x'), false],
  [requirements, ['x'.repeat(2000)], true],
  [requirements, ['ok', 'x'.repeat(2001)], false],
  [requirements, ['🙂'.repeat(2000)], true],
])) {
  test(`${field.name} of ${value.length} ${isGood ? 'is sent' : 'is refused'}`, () =>
    assert.equal(problemOf(field, value) === null, isGood));
}

test('lists change into new lists', () => {
  const list = Object.freeze(['a', 'b', 'c']);
  assert.deepEqual(
    [insertAt(list, 1, 'x'), removeAt(list, 0), replaceAt(list, 2, 'z')],
    [
      ['a', 'x', 'b', 'c'],
      ['b', 'c'],
      ['a', 'b', 'z'],
    ],
  );
  assert.deepEqual(
    [moveBy(list, 0, 1), moveBy(list, 2, -1), moveBy(list, 0, -1), moveBy(list, 2, 1)],
    [
      ['b', 'a', 'c'],
      ['a', 'c', 'b'],
      ['a', 'b', 'c'],
      ['a', 'b', 'c'],
    ],
  );
});
