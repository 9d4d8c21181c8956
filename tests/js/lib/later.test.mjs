// @ts-check
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLater } from '../../../static/js/lib/later.js';

const settled = () => new Promise((resolve) => setImmediate(resolve));

test('it is fetched once and used often', async () => {
  let fetched = 0;
  /** @type {string[]} */
  const used = [];
  const later = createLater(
    async () => `value ${++fetched}`,
    (error) => assert.fail(String(error)),
  );
  later.prepare();
  later.use((value) => used.push(value));
  await settled();
  later.use((value) => used.push(value));
  assert.deepEqual([fetched, used, later.value], [1, ['value 1', 'value 1'], 'value 1']);
});

test('a failure is told to whoever uses it, and the next use tries again', async () => {
  let tries = 0;
  let failures = 0;
  const later = createLater(
    async () => {
      if (++tries === 1) throw new Error('offline');
      return 'there';
    },
    () => (failures += 1),
  );
  later.use(assert.fail);
  await settled();
  /** @type {string[]} */
  const used = [];
  later.use((value) => used.push(value));
  await settled();
  assert.deepEqual([failures, used], [1, ['there']]);
});
