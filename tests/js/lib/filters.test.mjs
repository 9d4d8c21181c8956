// @ts-check
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NO_FILTERS, boardUrl, filtersOf, isFiltering, matcher, toggleStatus } from '../../../static/js/lib/filters.js';
import { makePlanned, makeRun, makeTask } from './helpers.mjs';

test('filters survive the way through the URL', () => {
  const filters = {
    q: 'naïve & "quoted" #1',
    statuses: /** @type {const} */ (['active', 'failed']),
    agent: 'the.writer',
  };
  const url = new URL(boardUrl(filters), 'http://localhost');
  assert.deepEqual(filtersOf(url.searchParams), filters);
});

test('no filters, no query', () => assert.equal(boardUrl(NO_FILTERS), '/'));

test('statuses stay readable in the URL', () =>
  assert.equal(boardUrl({ ...NO_FILTERS, statuses: ['active', 'failed'] }), '/?status=active,failed'));

test('words that are no states are ignored, and the order is that of the columns', () => {
  assert.deepEqual(filtersOf(new URLSearchParams('status=failed,nonsense,active')).statuses, ['active', 'failed']);
});

test('a state is toggled in and out', () => {
  const once = toggleStatus(NO_FILTERS, 'failed');
  assert.deepEqual(once.statuses, ['failed']);
  assert.deepEqual(toggleStatus(once, 'failed').statuses, []);
  assert.equal(isFiltering(once), true);
  assert.equal(isFiltering({ ...NO_FILTERS, q: '  ' }), false);
});

for (const [q, fits] of /** @type {const} */ ([
  ['HAIKU', true],
  ['haiku five', true],
  ['haiku nine', false],
  ['quota', true],
  ['', true],
  ['notes.md', true],
])) {
  test(`the search “${q}” ${fits ? 'finds' : 'does not find'} the task`, () => {
    const task = makePlanned({
      description: 'Write a haiku',
      summary: 'Five, seven, five',
      status: { type: 'failed', message: 'quota exceeded' },
      attachments: [{ filename: 'notes.md', size: 1, contentType: 'text/markdown', uploadedAt: 0 }],
    });
    assert.equal(matcher({ ...NO_FILTERS, q })(task), fits);
  });
}

test('the agent filter finds who works and who worked', () => {
  const task = makeTask({ status: { type: 'active', agent: 'writer' }, agentChain: [makeRun('scout')] });
  const found = ['writer', 'scout', 'other'].map((agent) => matcher({ ...NO_FILTERS, agent })(task));
  assert.deepEqual(found, [true, true, false]);
});
