// @ts-check
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createDrafts } from '../../static/js/drafts.js';

function createStorage() {
  /** @type {Map<string, string>} */
  const map = new Map();
  return {
    get length() {
      return map.size;
    },
    key: (/** @type {number} */ index) => [...map.keys()][index] ?? null,
    getItem: (/** @type {string} */ key) => map.get(key) ?? null,
    setItem: (/** @type {string} */ key, /** @type {string} */ value) => void map.set(key, value),
    removeItem: (/** @type {string} */ key) => void map.delete(key),
  };
}

const full = {
  ...createStorage(),
  length: 0,
  setItem() {
    throw new Error('QuotaExceededError');
  },
};
/** @type {any} */
const forbidden = {
  get length() {
    throw new Error('SecurityError');
  },
  key() {
    throw new Error();
  },
  getItem() {
    throw new Error();
  },
  setItem() {
    throw new Error();
  },
  removeItem() {
    throw new Error();
  },
};

test('a draft survives a reload of the page', () => {
  const storage = createStorage();
  createDrafts({ storage, now: () => 5 }).set('task:a:description', 'typed', 3);
  assert.deepEqual(createDrafts({ storage }).get('task:a:description'), { text: 'typed', base: 3, at: 5 });
});

test('typing on keeps what it was typed against', () => {
  const drafts = createDrafts({ storage: createStorage(), now: () => 5 });
  drafts.set('k', 'a', { version: 3 });
  drafts.set('k', 'ab');
  assert.deepEqual(drafts.get('k'), { text: 'ab', base: { version: 3 }, at: 5 });
});

test('empty text clears', () => {
  const drafts = createDrafts({ storage: createStorage() });
  drafts.set('k', 'a');
  drafts.set('k', '');
  assert.deepEqual([drafts.get('k'), drafts.keys()], [null, []]);
});

test('keys by prefix, ours only', () => {
  const storage = createStorage();
  storage.setItem('theme', 'dark');
  const drafts = createDrafts({ storage });
  for (const key of ['task:b', 'task:a', 'new']) drafts.set(key, 'x');
  assert.deepEqual(
    [drafts.keys('task:'), drafts.keys()],
    [
      ['task:a', 'task:b'],
      ['new', 'task:a', 'task:b'],
    ],
  );
});

for (const [name, storage] of /** @type {const} */ ([
  ['full', full],
  ['forbidden', forbidden],
  ['missing', null],
])) {
  test(`storage is ${name}: it lives as long as the page`, () => {
    const drafts = createDrafts({ storage, now: () => 1 });
    drafts.set('k', 'text');
    assert.deepEqual([drafts.get('k')?.text, drafts.keys()], ['text', ['k']]);
    drafts.clear('k');
    assert.equal(drafts.get('k'), null);
  });
}

test('what somebody else has put there is no draft', () => {
  const storage = createStorage();
  storage.setItem('chorus:draft:k', 'not json');
  storage.setItem('chorus:draft:l', '{"text": 3}');
  const drafts = createDrafts({ storage });
  assert.deepEqual([drafts.get('k'), drafts.get('l')], [null, null]);
});

test('each workspace has its own drafts', () => {
  const storage = createStorage();
  const drafts = createDrafts({ storage });
  drafts.set('new-task', 'before any was known');
  drafts.set('workspaces:new-name', 'next');
  drafts.enter('/a/chorus.json');
  assert.equal(drafts.get('new-task')?.text, 'before any was known');
  drafts.enter('/b/chorus.json');
  assert.equal(drafts.get('workspaces:new-name')?.text, 'next', 'belongs to none');
  assert.deepEqual([drafts.get('new-task'), drafts.keys()], [null, []]);
  drafts.set('new-task', 'in b');
  assert.equal(createDrafts({ storage }).get('new-task')?.text, 'in b');
  drafts.enter('/a/chorus.json');
  assert.deepEqual([drafts.get('new-task')?.text, drafts.keys()], ['before any was known', ['new-task']]);
});

test('a secret is held, never stored', () => {
  const storage = createStorage();
  const drafts = createDrafts({ storage });
  drafts.hold('provider:a:secret', 'sk-1');
  assert.equal(drafts.get('provider:a:secret')?.text, 'sk-1');
  assert.equal(createDrafts({ storage }).get('provider:a:secret'), null);
  drafts.hold('provider:a:secret', '');
  assert.deepEqual(drafts.keys(), []);
});
