// @ts-check
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

/** @import {Changes, Item} from '../../static/js/types.js' */

import { mergeChanges, noChanges } from '../../static/js/changes.js';
import { canonical, createStore } from '../../static/js/store.js';
import { EVENT_TYPES } from '../../static/js/words.js';
import { event, run, snapshot, task } from './helpers/wire.js';

/** @param {Parameters<typeof snapshot>[0]} [fields] */
function storeWith(fields) {
  const store = createStore();
  store.swap(snapshot(fields));
  /** @type {Changes[]} */
  const told = [];
  store.subscribe((changes) => told.push(changes));
  return { store, told, last: () => /** @type {Changes} */ (told.at(-1)) };
}

describe('before the first snapshot', () => {
  test('the board is empty and names no log', () => {
    assert.deepEqual(canonical(createStore().state), { ...snapshot(), epoch: null });
  });
});

describe('swap', () => {
  test('replaces all: what the snapshot does not hold is gone', () => {
    const { store, last } = storeWith({ seq: 5, tasks: [task('a'), task('b')], runs: [run('r', 'a')] });
    store.swap(snapshot({ epoch: 'e2', seq: 2, tasks: [task('b')] }));
    assert.deepEqual(canonical(store.state), snapshot({ epoch: 'e2', seq: 2, tasks: [task('b')] }));
    assert.equal(last().all, true);
    assert.equal(last().source, 'snapshot');
  });

  test('keeps the list of workspaces, which belongs to no workspace', () => {
    const { store } = storeWith();
    const workspaces = [{ configPath: '/w/chorus.json', lastOpenedAt: 1 }];
    store.receive({ type: 'workspaces_changed', data: workspaces });
    store.swap(snapshot({ epoch: 'e2' }));
    assert.deepEqual(store.state.workspaces, workspaces);
  });
});

describe('apply', () => {
  test('if and only if the number is the successor of the cursor', () => {
    const { store, told } = storeWith({ seq: 5 });
    assert.equal(store.apply(event(5, 'task_created', task('a'))), 'dropped');
    assert.equal(store.apply(event(7, 'task_created', task('a'))), 'gap');
    assert.deepEqual([store.state.seq, store.state.tasks.size, told.length], [5, 0, 0]);
    assert.equal(store.apply(event(6, 'task_created', task('a'))), 'applied');
    assert.deepEqual([store.state.seq, store.state.tasks.size, told.length], [6, 1, 1]);
  });

  test('reset changes nothing, the cursor neither', () => {
    const { store, told } = storeWith({ seq: 5 });
    assert.equal(store.apply(event(6, 'reset', { reason: 'import' })), 'reset');
    assert.deepEqual([store.state.seq, told.length], [5, 0]);
  });

  test('an unknown type moves the cursor and nothing else', () => {
    const { store } = storeWith({ seq: 5, tasks: [task('a')] });
    assert.equal(store.apply(event(6, 'comet_seen', { id: 'a' })), 'applied');
    assert.deepEqual(canonical(store.state), snapshot({ seq: 6, tasks: [task('a')] }));
  });

  const agent = { type: 'internal', name: 'x', instructions: '', version: 1 };
  const provider = { name: 'p', providerType: { type: 'opencode' }, version: 1 };
  const config = { allowedAgentDirectories: [], initialAgentDirectory: '', systemAgentProvider: 'not-configured' };
  const cases = [
    { name: 'task_created', data: task('b'), after: { tasks: [task('a'), task('b')] }, changed: { tasks: ['b'] } },
    {
      name: 'task_updated',
      data: task('a', { version: 2 }),
      after: { tasks: [task('a', { version: 2 })] },
      changed: { tasks: ['a'] },
    },
    {
      name: 'task_updated',
      data: task('a', { archivedAt: 9 }),
      after: { tasks: [] },
      changed: { tasks: ['a'], removed: ['a'] },
    },
    {
      name: 'task_deleted',
      data: { id: 'a' },
      after: { tasks: [], runs: [] },
      changed: { tasks: ['a'], removed: ['a'], runs: ['r'] },
    },
    { name: 'task_deleted', data: { id: 'nobody' }, after: {}, changed: {} },
    { name: 'task_archived', data: { id: 'a' }, after: { tasks: [] }, changed: { tasks: ['a'], removed: ['a'] } },
    {
      name: 'tasks_changed',
      data: [task('a', { version: 3 }), task('c')],
      after: { tasks: [task('a', { version: 3 }), task('c')] },
      changed: { tasks: ['a', 'c'] },
    },
    { name: 'history_appended', data: { taskId: 'a' }, after: {}, changed: {} },
    { name: 'queue_changed', data: { taskId: 'a', queue: { messages: [] } }, after: {}, changed: {} },
    {
      name: 'run_updated',
      data: run('s', 'a'),
      after: { runs: [run('r', 'a'), run('s', 'a')] },
      changed: { runs: ['s'] },
    },
    {
      name: 'agents_changed',
      data: { agents: [agent], deleted: ['gone'] },
      after: { agents: [agent] },
      changed: { agents: ['gone', 'x'] },
    },
    {
      name: 'providers_changed',
      data: { providers: [provider], deleted: ['old'] },
      after: { providers: [provider] },
      changed: { providers: ['old', 'p'] },
    },
    { name: 'access_tokens_changed', data: { accessTokens: [], deleted: ['t'] }, after: {}, changed: {} },
    {
      name: 'config_changed',
      data: { config, configPath: '/w' },
      after: { config, configPath: '/w' },
      changed: { config: true },
    },
  ];
  const oldProvider = { ...provider, name: 'old' };
  const before = {
    tasks: [task('a')],
    runs: [run('r', 'a')],
    agents: [{ ...agent, name: 'gone' }],
    providers: [oldProvider],
  };
  for (const { name, data, after, changed } of cases) {
    test(`${name} ${JSON.stringify(changed)}`, () => {
      const { store, last } = storeWith(/** @type {any} */ ({ ...before, seq: 1 }));
      assert.equal(store.apply(event(2, name, data)), 'applied');
      assert.deepEqual(canonical(store.state), snapshot(/** @type {any} */ ({ ...before, seq: 2, ...after })));
      assert.deepEqual(last(), changesOf(changed));
    });
  }

  test('every event type of the vocabulary has a case', () => {
    const tested = new Set([...cases.map(({ name }) => name), 'transaction', 'reset']);
    assert.deepEqual(
      EVENT_TYPES.filter((type) => !tested.has(type)),
      [],
    );
  });

  test('a run leaves when it has ended', () => {
    const { store } = storeWith({ seq: 1, runs: [run('r', 'a')] });
    store.apply(event(2, 'run_updated', run('r', 'a', { state: 'paused' })));
    assert.equal(store.state.runs.get('r')?.state, 'paused');
    store.apply(event(3, 'run_updated', run('r', 'a', { state: 'blocked', endedAt: 5 })));
    assert.equal(store.state.runs.size, 0);
  });

  test('a transaction is applied together, and told once', () => {
    const { store, told, last } = storeWith({ seq: 1, tasks: [task('a')] });
    const items = /** @type {Item[]} */ ([
      { type: 'task_deleted', data: { id: 'a' } },
      { type: 'task_created', data: task('a', { version: 7 }) },
      { type: 'run_updated', data: run('r', 'a') },
    ]);
    assert.equal(store.apply(event(2, 'transaction', items)), 'applied');
    assert.deepEqual(
      canonical(store.state),
      snapshot({ seq: 2, tasks: [task('a', { version: 7 })], runs: [run('r', 'a')] }),
    );
    assert.equal(told.length, 1);
    assert.deepEqual(last(), changesOf({ tasks: ['a'], runs: ['r'] }));
  });
});

describe('subscribe', () => {
  test('ends when asked', () => {
    const { store } = storeWith();
    let calls = 0;
    const unsubscribe = store.subscribe(() => calls++);
    unsubscribe();
    store.apply(event(1, 'task_created', task('a')));
    assert.equal(calls, 0);
  });

  test('a listener that fails stops nobody', () => {
    /** @type {unknown[]} */
    const errors = [];
    const store = createStore({ onError: (error) => errors.push(error) });
    let calls = 0;
    store.subscribe(() => {
      throw new Error('mine');
    });
    store.subscribe(() => calls++);
    store.swap(snapshot());
    assert.deepEqual([calls, errors.length], [1, 1]);
  });
});

describe('mergeChanges', () => {
  test('adds up, and a later creation takes back a removal', () => {
    const merged = mergeChanges(
      changesOf({ tasks: ['a', 'b'], removed: ['a', 'b'] }),
      changesOf({ tasks: ['a'], config: true }),
    );
    assert.deepEqual(merged, changesOf({ tasks: ['a', 'b'], removed: ['b'], config: true }));
  });

  test('a snapshot swallows what was before it', () => {
    const all = { ...noChanges('snapshot'), all: true };
    assert.equal(mergeChanges(changesOf({ tasks: ['a'] }), all), all);
    assert.equal(mergeChanges(null, all), all);
    assert.equal(mergeChanges(all, changesOf({ tasks: ['a'] })).all, true);
  });
});

/**
 * @param {any} changed
 * @returns {Changes}
 */
function changesOf(changed) {
  const changes = noChanges('push');
  for (const [key, value] of Object.entries(changed))
    Object.assign(changes, { [key]: Array.isArray(value) ? new Set(value) : value });
  return changes;
}
