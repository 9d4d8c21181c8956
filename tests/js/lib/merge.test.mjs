// @ts-check
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { conflictsOf, keepMine, merged, tidied, touch, untouch } from '../../../static/js/lib/merge.js';

const BEFORE = { text: 'a', tools: ['x'], model: '' };

test('what is typed lies over the thing as it is now', () => {
  const touched = touch({}, 'text', 'mine', BEFORE);
  assert.deepEqual(merged(touched, { ...BEFORE, model: 'theirs' }), { text: 'mine', tools: ['x'], model: 'theirs' });
});

test('typing on keeps what it was typed over', () => {
  const touched = touch(touch({}, 'text', 'm', BEFORE), 'text', 'mine', { ...BEFORE, text: 'theirs' });
  assert.deepEqual(touched, { text: { mine: 'mine', base: 'a' } });
});

test('a value that is typed back is no change, and follows the others again', () => {
  const touched = touch(touch({}, 'tools', ['x', 'y'], BEFORE), 'tools', ['x'], BEFORE);
  assert.deepEqual([touched, merged(touched, { ...BEFORE, tools: ['z'] }).tools], [{}, ['z']]);
});

test('only what both changed, to different values, is a conflict', () => {
  const touched = touch(touch({}, 'text', 'mine', BEFORE), 'tools', ['y'], BEFORE);
  assert.deepEqual(conflictsOf(touched, BEFORE), []);
  assert.deepEqual(conflictsOf(touched, { ...BEFORE, model: 'theirs' }), []);
  assert.deepEqual(conflictsOf(touched, { ...BEFORE, text: 'mine' }), []);
  assert.deepEqual(conflictsOf(touched, { ...BEFORE, text: 'theirs', tools: ['z'] }), ['text', 'tools']);
});

test('keeping mine settles it until they change it again; taking theirs drops mine', () => {
  const theirs = { ...BEFORE, text: 'theirs' };
  const touched = touch({}, 'text', 'mine', BEFORE);
  const kept = keepMine(touched, 'text', theirs);
  assert.deepEqual([conflictsOf(kept, theirs), merged(kept, theirs).text], [[], 'mine']);
  assert.deepEqual(conflictsOf(kept, { ...BEFORE, text: 'theirs again' }), ['text']);
  assert.equal(merged(untouch(touched, 'text'), theirs).text, 'theirs');
  assert.deepEqual(keepMine({}, 'text', theirs), {});
});

test('what has become true anyway is no change', () => {
  const touched = touch({}, 'text', 'mine', BEFORE);
  assert.deepEqual(tidied(touched, { ...BEFORE, text: 'mine' }), {});
  assert.deepEqual(tidied(touched, BEFORE), touched);
});
