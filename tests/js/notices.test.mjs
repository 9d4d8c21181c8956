// @ts-check
import assert from 'node:assert/strict';
import { test } from 'node:test';

// lit-html asks for these when it is loaded; nothing is rendered here.
Object.assign(globalThis, { document: { createTreeWalker: () => ({}), createComment: () => ({}) } });
const { createNotices, UNDO_MS } = await import('../../static/js/elements/notices.js');

/**
 * @param {import('../../static/js/elements/notices.js').Notices} notices
 * @returns {string[]} what is shown, with how often it happened
 */
function shown(notices) {
  const [list] = /** @type {any} */ (notices.template()).values[0].values;
  return list.map((/** @type {any} */ { text, count }) => `${text} ${count}`);
}

test('successes last five seconds from the moment they are said, undo a minute, errors until dismissed', (t) => {
  // (U4)
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const notices = createNotices(() => {});
  const failed = notices.error('failed');
  notices.success('saved');
  notices.success('deleted', { lastsMs: UNDO_MS });
  t.mock.timers.tick(4_999);
  assert.deepEqual(shown(notices), ['failed 1', 'saved 1', 'deleted 1']);
  t.mock.timers.tick(1);
  assert.deepEqual(shown(notices), ['failed 1', 'deleted 1']);
  t.mock.timers.tick(UNDO_MS);
  assert.deepEqual(shown(notices), ['failed 1']);
  notices.dismiss(failed);
  assert.deepEqual(shown(notices), []);
});

test('equal ones are counted, and last from the last of them', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const notices = createNotices(() => {});
  notices.success('saved');
  t.mock.timers.tick(3_000);
  notices.success('saved');
  notices.error('saved');
  t.mock.timers.tick(3_000);
  assert.deepEqual(shown(notices), ['saved 2', 'saved 1']);
  t.mock.timers.tick(2_000);
  assert.deepEqual(shown(notices), ['saved 1']);
});
