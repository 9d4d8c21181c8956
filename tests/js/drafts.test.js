// @ts-check
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createDrafts } from '../../static/js/drafts.js';

function createStorage() {
  /** @type {Map<string, string>} */
  const map = new Map();
  return {
    get length() { return map.size; },
    key: (/** @type {number} */ index) => [...map.keys()][index] ?? null,
    getItem: (/** @type {string} */ key) => map.get(key) ?? null,
    setItem: (/** @type {string} */ key, /** @type {string} */ value) => void map.set(key, value),
    removeItem: (/** @type {string} */ key) => void map.delete(key),
  };
}

const full = { ...createStorage(), length: 0, setItem() { throw new Error('QuotaExceededError'); } };
/** @type {any} */
const forbidden = { get length() { throw new Error('SecurityError'); }, key() { throw new Error(); }, getItem() { throw new Error(); }, setItem() { throw new Error(); }, removeItem() { throw new Error(); } };

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
  assert.deepEqual([drafts.keys('task:'), drafts.keys()], [['task:a', 'task:b'], ['new', 'task:a', 'task:b']]);
});

for (const [name, storage] of /** @type {const} */ ([['full', full], ['forbidden', forbidden], ['missing', null]])) {
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
