// @ts-check
/** Scripts are served without their comments (webapp/comments.py): a parser reads the same program in both. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import * as prettier from 'prettier';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const SCRIPTS = join(ROOT, 'static/js');
const STRIP = `
import json, sys
from webapp.comments import without_comments
print(json.dumps({name: without_comments(open(name).read()) for name in json.load(sys.stdin)}))
`;
const files = readdirSync(SCRIPTS, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.js') && !name.startsWith('vendor'))
  .map((name) => join(SCRIPTS, name));

/** @type {Record<string, string>} */
let served = {};
before(() => {
  const python = join(ROOT, '.venv/bin/python');
  const ended = spawnSync(python, ['-c', STRIP], { cwd: ROOT, input: JSON.stringify(files), encoding: 'utf8' });
  assert.equal(ended.status, 0, ended.stderr);
  served = JSON.parse(ended.stdout);
});

/** What a program is, without where it stands and what is said about it. */
const PLACES = new Set(['start', 'end', 'loc', 'range', 'comments', 'tokens', 'errors', 'extra', '__contentEnd']);

/** @param {string} script */
async function program(script) {
  // @ts-expect-error the parser is there for tests like this one, and has no types
  const { ast } = await prettier.__debug.parse(script, { parser: 'babel' });
  return JSON.stringify(ast, (key, value) =>
    PLACES.has(key) || key.endsWith('Comments') ? undefined : typeof value === 'bigint' ? String(value) : value,
  );
}

test('the program and its line numbers stay', async () => {
  for (const name of files) {
    const script = readFileSync(name, 'utf8');
    const stripped = served[name] ?? '';
    assert.equal(stripped.split('\n').length, script.split('\n').length, name);
    assert.ok((await program(stripped)) === (await program(script)), `${name} became another program`);
  }
});

test('what looks like a comment in a text is seen by this test', async () => {
  assert.ok((await program('f(`\n// no comment\n`)')) !== (await program('f(`\n\n`)')));
});

test('of comments only casts are left, which stand beside code', () => {
  const left = Object.values(served).flatMap((script) =>
    script.split('\n').filter((line) => /^\s*(\/\/|\/\*)/.test(line)),
  );
  assert.deepEqual(
    left.filter((line) => !/^\s*\/\*\* @type .* \*\/ \S/.test(line)),
    [],
  );
});
