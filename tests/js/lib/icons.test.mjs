// @ts-check
/**
 * The sprite's shapes are those of the vendored files. After adding one: UPDATE_ICONS=1 node --test
 * tests/js/lib/icons.test.mjs
 */

import assert from 'node:assert/strict';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';

const folder = new URL('../../../static/js/vendor/lucide/', import.meta.url);
const target = new URL('../../../static/js/elements/icon-shapes.js', import.meta.url);

/** @param {string} file */
function shapesOf(file) {
  const svg = readFileSync(new URL(file, folder), 'utf8');
  const inner = /<svg[^>]*>([\s\S]*)<\/svg>/.exec(svg)?.[1] ?? '';
  return inner.replace(/\s*\n\s*/g, '').replaceAll(' />', '/>');
}

function expected() {
  const files = readdirSync(folder)
    .filter((file) => file.endsWith('.svg'))
    .sort();
  const lines = files.map((file) => `  '${file.slice(0, -4)}': '${shapesOf(file)}',`);
  return `// @ts-check\n// Generated from ../vendor/lucide/*.svg by tests/js/lib/icons.test.mjs, which also says how. Do not edit.\n\nexport const SHAPES = {\n${lines.join('\n')}\n};\n`;
}

test('the sprite holds exactly the vendored icons', () => {
  if (process.env.UPDATE_ICONS) writeFileSync(target, expected());
  assert.equal(readFileSync(target, 'utf8'), expected());
});
