// @ts-check
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSaving } from '../../../static/js/saving.js';

/**
 * @param {string} seqHeader
 * @returns {import('../../../static/js/api.js').Answer}
 */
const answer = (seqHeader) => ({ status: 200, data: {}, body: {}, seqHeader, asOf: null, etag: null });

function setUp() {
  /** @type {Map<string|null, () => void>} */
  const shown = new Map();
  const saving = createSaving({
    whenShown: (header) => new Promise((resolve) => shown.set(header, () => resolve(null))),
    onChange: () => {},
  });
  return {
    saving,
    show: async (/** @type {string} */ header) => (shown.get(header)?.(), await new Promise(setImmediate)),
  };
}

test('saving, then saved but not shown, then nothing', async () => {
  const { saving, show } = setUp();
  /** @type {(value: import('../../../static/js/api.js').Answer) => void} */
  let arrive = () => {};
  const done = saving.follow('a', 'Moving', () => new Promise((resolve) => (arrive = resolve)));
  assert.deepEqual(saving.of('a'), { progress: 'saving', says: 'Moving' });
  arrive(answer('e:1'));
  await done;
  assert.equal(saving.of('a')?.progress, 'saved');
  await show('e:1');
  assert.equal(saving.of('a'), null);
});

test('a failure leaves nothing behind', async () => {
  const { saving } = setUp();
  await assert.rejects(saving.follow('a', 'Moving', () => Promise.reject(new Error('no'))));
  assert.equal(saving.of('a'), null);
});

test('a later change under the same key outlives the earlier one', async () => {
  const { saving, show } = setUp();
  await saving.follow('a', 'First', async () => answer('e:1'));
  await saving.follow('a', 'Second', async () => answer('e:2'));
  await show('e:1');
  assert.equal(saving.of('a')?.progress, 'saved');
  await show('e:2');
  assert.equal(saving.of('a'), null);
});
