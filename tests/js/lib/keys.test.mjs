// @ts-check
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { isFind, isPlain, isSubmit, keyOf } from '../../../static/js/lib/keys.js';

/**
 * @param {string} key
 * @param {Partial<KeyboardEvent> & {altGraph?: boolean}} [fields]
 */
const pressed = (key, { altGraph = false, ...fields } = {}) =>
  /** @type {KeyboardEvent} */ (
    /** @type {unknown} */ ({
      key,
      code: '',
      keyCode: 0,
      isComposing: false,
      shiftKey: false,
      ctrlKey: false,
      metaKey: false,
      altKey: false,
      getModifierState: (/** @type {string} */ name) => name === 'AltGraph' && altGraph,
      ...fields,
    })
  );
const shift = { shiftKey: true };

for (const [layout, key, fields, name] of /** @type {[string, string, Partial<KeyboardEvent>, string][]} */ ([
  ['American', 'n', { code: 'KeyN' }, 'n'],
  ['American', '/', { code: 'Slash' }, '/'],
  ['American', '?', { code: 'Slash', ...shift }, '?'],
  ['German', '/', { code: 'Digit7', ...shift }, '/'],
  ['German', '?', { code: 'Minus', ...shift }, '?'],
  ['German', '-', { code: 'Slash' }, '-'],
  ['German', 'ö', { code: 'Semicolon' }, 'ö'],
  ['French', '/', { code: 'Period', ...shift }, '/'],
  ['French', '?', { code: 'KeyM', ...shift }, '?'],
  ['French', 'm', { code: 'Semicolon' }, 'm'],
  ['French', '!', { code: 'Slash' }, '!'],
  ['Dvorak', 'n', { code: 'KeyL' }, 'n'],
  ['Turkish', 'ı', { code: 'KeyI' }, 'ı'],
  ['Russian', 'т', { code: 'KeyN' }, 'n'],
  ['Russian', '?', { code: 'Digit7', ...shift }, '?'],
  ['Russian', '/', { code: 'Backslash', ...shift }, '/'],
  ['Russian', '.', { code: 'Slash' }, '.'],
  ['Russian', 'Т', { code: 'KeyN', ...shift }, 'N'],
  ['Ukrainian', 'ґ', { code: 'IntlBackslash' }, 'ґ'],
  ['Hebrew', 'מ', { code: 'KeyN' }, 'n'],
  ['Hebrew', '/', { code: 'KeyQ' }, '/'],
  ['Hebrew', '?', { code: 'Slash', ...shift }, '?'],
  ['Greek', 'ν', { code: 'KeyN' }, 'n'],
  ['Greek', '/', { code: 'Slash' }, '/'],
  ['Arabic', 'ى', { code: 'KeyN' }, 'n'],
  ['Arabic', 'ظ', { code: 'Slash' }, '/'],
  ['Arabic', '؟', { code: 'Slash', ...shift }, '?'],
  ['Thai', 'ื', { code: 'KeyN' }, 'n'],
  ['Thai', 'ฝ', { code: 'Slash' }, '/'],
  ['Hindi', 'ल', { code: 'KeyN' }, 'n'],
  ['Korean', 'ㅜ', { code: 'KeyN' }, 'n'],
  ['Kana', 'み', { code: 'KeyN' }, 'n'],
  ['full width', 'ｎ', { code: 'KeyN' }, 'n'],
  ['Caps Lock', 'N', { code: 'KeyN' }, 'n'],
  ['Caps Lock', 'n', { code: 'KeyN', ...shift }, 'N'],
  ['Caps Lock', 'Т', { code: 'KeyN' }, 'n'],
  ['any', 'ArrowUp', { code: 'ArrowUp' }, 'ArrowUp'],
  ['any', 'Dead', { code: 'Quote' }, 'Dead'],
  ['any', ' ', { code: 'Space' }, ' '],
]))
  test(`${layout}: ${key} at ${fields.code} is ${name}`, () => assert.equal(keyOf(pressed(key, fields)), name));

test('keys of an input method are no keys, in Safari too', () => {
  for (const fields of [{ isComposing: true }, { keyCode: 229 }])
    for (const key of ['Enter', 'Escape', 'n', 'Process', 'ArrowDown']) {
      const event = pressed(key, { ...fields, ctrlKey: true });
      assert.deepEqual([keyOf(event), isPlain(event), isSubmit(event), isFind(event)], ['', false, false, false]);
    }
});

test('an event without a key is none', () => {
  const event = /** @type {KeyboardEvent} */ (/** @type {unknown} */ ({ type: 'keydown' }));
  assert.deepEqual([keyOf(event), isPlain(event), isSubmit(event), isFind(event)], ['', false, false, false]);
});

test('what AltGr writes is no shortcut; chords are', () => {
  assert.ok(isPlain(pressed('/')));
  for (const fields of [{ altGraph: true }, { altKey: true, ctrlKey: true }, { metaKey: true }, { altKey: true }])
    assert.ok(!isPlain(pressed('/', fields)));
  assert.ok(isFind(pressed('л', { code: 'KeyK', ctrlKey: true })));
  assert.ok(isFind(pressed('K', { code: 'KeyK', metaKey: true })));
  assert.ok(!isFind(pressed('k', { ctrlKey: true, altKey: true })));
  assert.ok(!isFind(pressed('K', { ctrlKey: true, shiftKey: true })));
  assert.ok(isSubmit(pressed('Enter', { ctrlKey: true })));
});

test('every handler asks for keys in one place', () => {
  const root = new URL('../../../static/js/', import.meta.url);
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' });
  const asking = files.filter(
    (path) =>
      path.endsWith('.js') &&
      !path.startsWith('vendor') &&
      /isComposing|keyCode|event\.key\b/.test(readFileSync(new URL(path, root), 'utf8')),
  );
  assert.deepEqual(asking.sort(), ['elements/dialog.js', 'lib/keys.js']);
});
