// @ts-check
/** Any text is cut into sections that a parser takes quickly, and nothing of it is lost. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  MAX_DEPTH,
  NO_SECTIONS,
  SHOWN_CHARACTERS,
  levelOf,
  plainSectionsOf,
  problemOf,
  sectionsOf,
} from '../../../static/js/lib/sections.js';
import { createTurns } from '../../../static/js/lib/turns.js';
import { Marked } from '../../../static/js/vendor/marked/marked.esm.js';
import { createRandom } from '../helpers/random.js';

/** @import {Section} from '../../../static/js/lib/sections.js' */

const marked = new Marked({ gfm: true, breaks: true });
/** What texts are made of, the troublesome more than the others. */
const UNITS =
  `a_ *a **a **a_ _* __ \` \`a \`\`a [ ![ [a]( [a](b) ]( ) < <a <!-- & &amp; \\ ~ ~~a http://a.b www. a@b.c > - 1. * +
  | |-| # *** --- === [a]: <div> 😀 é \u0300 \u200b \0 \ud800 \u202e - [ ] word ( ' " http: a. x`
    .split(/[ \n]+/)
    .concat([
      ' ',
      '  ',
      '\t',
      '\n',
      '\n\n',
      '> ',
      '- ',
      '1. ',
      '```\n',
      '~~~\n',
      '- a\n',
      '  - b\n',
      '|a|b|\n',
      '\r\n',
    ]);
const MOST_CHARACTERS = 16_000;
/** Generous: on an idle machine the slowest section takes a few ms. */
const SECTION_MS = 400;

/** @param {() => number} random */
function anyText(random) {
  const pick = () => UNITS[Math.floor(random() * UNITS.length)] ?? '';
  return Array.from({ length: 1 + Math.floor(random() * 5) }, () => {
    const unit = Array.from({ length: 1 + Math.floor(random() * 3) }, pick).join('');
    return unit.repeat(1 + Math.floor(random() ** 3 * 6_000)) + (random() < 0.3 ? '\n\n' : '');
  })
    .join('')
    .slice(0, 70_000);
}

/** @param {string} source */
const html = (source) => /** @type {string} */ (marked.parser(marked.lexer(source)));

/** What a section took of the text, without what was put before it. @param {Section[]} sections @param {string} text */
const spans = (sections, text) => sections.map(({ at }, index) => text.slice(at, sections[index + 1]?.at));

test('any text is parsed in sections that are small, shallow and quick', () => {
  for (let seed = 1; seed <= 400; seed += 1) {
    const text = anyText(createRandom(seed).next);
    const { sections, text: shown } = sectionsOf(text);
    assert.equal(spans(sections, shown).join(''), shown, `seed ${seed}: something is lost`);
    for (const { kind, source } of sections) {
      assert.ok(source.length <= MOST_CHARACTERS + 100, `seed ${seed}: a section of ${source.length}`);
      if (kind !== 'markdown') continue;
      const began = process.cpuUsage();
      assert.doesNotThrow(() => html(source), `seed ${seed}`);
      const ms = process.cpuUsage(began).user / 1000;
      assert.ok(ms < SECTION_MS, `seed ${seed}: ${ms} ms for ${JSON.stringify(source.slice(0, 80))}`);
    }
  }
});

test('a text that grows ends up in the same sections as if it had come at once', () => {
  for (let seed = 1; seed <= 150; seed += 1) {
    const random = createRandom(seed).next;
    const text = anyText(random).slice(0, 20_000);
    let grown = NO_SECTIONS;
    for (let end = 0; end < text.length; end += 1 + Math.floor(random() * 4_000))
      grown = sectionsOf(text.slice(0, end), grown);
    assert.deepEqual(sectionsOf(text, grown), sectionsOf(text), `seed ${seed}`);
  }
});

test('of a growing text only the end changes', () => {
  const paragraph = 'Some **bold** words, `code` and a [link](http://a.b).\n\n';
  let [known, changed] = [NO_SECTIONS, 0];
  for (let count = 1; count <= 500; count += 1) {
    const next = sectionsOf(paragraph.repeat(count), known);
    changed += next.sections.filter((section, index) => section.source !== known.sections[index]?.source).length;
    known = next;
  }
  assert.ok(known.sections.length > 5);
  assert.ok(changed <= 3 * 500, `${changed} sections were drawn for 500 additions`);
});

for (const [name, text] of /** @type {const} */ ([
  ['quotes', '>'.repeat(2_500)],
  ['lists', `${'- '.repeat(1_300)}a`],
  ['quotes and lists', `${'> - '.repeat(900)}a`],
  ['numbers', `${'1. '.repeat(1_000)}a`],
  ['margins', Array.from({ length: 200 }, (_, depth) => `${'  '.repeat(depth)}- x`).join('\n')],
]))
  test(`nested ${name} are plain text, and say so`, () => {
    const plain = sectionsOf(text).sections.filter(({ kind }) => kind === 'plain');
    assert.match(plain[0]?.why ?? '', /nested too deeply/);
  });

for (const [name, text] of /** @type {const} */ ([
  ['underscores', 'a_'.repeat(12_000)],
  ['emphasis', '**a_'.repeat(2_000)],
  ['spaces', `a${' '.repeat(30_000)}`],
  ['backticks', '`a'.repeat(30_000)],
  ['brackets', '['.repeat(30_000)],
  ['images', '!['.repeat(30_000)],
]))
  test(`many ${name} are plain text, and say so`, () => {
    const { sections } = sectionsOf(text);
    assert.ok(sections.every(({ kind, source }) => kind === 'plain' || source.trim().length < 1_000));
    assert.match(sections[0]?.why ?? '', /intricate|long line/);
  });

test('what people write is Markdown', () => {
  assert.equal(problemOf(`${'> '.repeat(MAX_DEPTH)}deep`), '');
  assert.equal(problemOf('SNAKE_CASE_NAME, '.repeat(300)), '');
  assert.equal(problemOf('| a | b |\n|---|---|\n' + '| **one** | `two` |\n'.repeat(200)), '');
  assert.equal(problemOf('```\n' + 'a_*[`'.repeat(3_000) + '\n```'), '');
  assert.equal(sectionsOf('# Title\n\nText with **bold**.\n\n- a\n  - b\n').sections.length, 1);
});

test('a fence is never broken, closed or half open', () => {
  const code = 'line of code\n'.repeat(3_000);
  for (const end of ['```\n\nAfter', '']) {
    const { sections } = sectionsOf(`Before\n\n\`\`\`js\n${code}${end}`);
    const blocks = sections.filter(({ kind }) => kind === 'code');
    assert.equal(blocks.map(({ source }) => source.trimEnd()).join('\n'), code.trimEnd());
    assert.deepEqual(
      blocks.map(({ isMore }) => isMore),
      blocks.map((_, index) => index > 0),
    );
    assert.ok(!sections.some(({ kind, source }) => kind === 'markdown' && source.includes('```')));
  }
  assert.match(html('```py\ndef f():\n    return'), /<code class="language-py">def f/);
});

test('a long list keeps its numbers, a long table its head', () => {
  const list = sectionsOf('1. an item of some words\n'.repeat(1_000)).sections;
  const numbers = list.map(({ source }) => Number(/^\d+/.exec(source)?.[0]));
  assert.ok(numbers.length > 3);
  let next = 1;
  for (const [index, { source }] of list.entries()) {
    assert.equal(numbers[index], next);
    next += source.split('\n').filter(Boolean).length;
  }
  const table = sectionsOf(`| a | b |\n|---|---|\n${'| one | two |\n'.repeat(1_000)}`).sections;
  assert.ok(table.length > 3);
  assert.ok(table.every(({ source }) => source.startsWith('| a | b |\n|---|---|\n| one')));
});

test('links that are named at the end of a long text are known everywhere', () => {
  const text = `See [the guide][g].\n\n${'Some words.\n\n'.repeat(1_000)}[g]: http://a.b\n`;
  const { sections, definitions } = sectionsOf(text);
  assert.ok(sections.length > 1);
  assert.match(html(`${sections[0]?.source}\n\n${definitions}`), /<a href="http:\/\/a\.b">the guide<\/a>/);
});

test('headings skip no level, also over the border of a section', () => {
  assert.deepEqual([levelOf(1, 2), levelOf(3, 3), levelOf(6, 6)], [3, 4, 6]);
  const { sections } = sectionsOf(
    `# A\n\n${'Some words.\n\n'.repeat(1_000)}## B\n\n${'Words.\n\n'.repeat(1_000)}### C`,
  );
  assert.deepEqual([sections[0]?.level, sections[1]?.level, sections.at(-1)?.level], [2, 3, 4]);
});

test('what is too long is cut, never inside a character, and comes where it is asked for', () => {
  const text = '🙂'.repeat(SHOWN_CHARACTERS);
  for (const cut of [sectionsOf, plainSectionsOf]) {
    const { isCut, text: shown, sections } = cut(text);
    assert.ok(isCut);
    assert.doesNotMatch(shown + sections.map(({ source }) => source).join(' '), /[\uD800-\uDBFF](?![\uDC00-\uDFFF])/);
    assert.ok(!cut(text, NO_SECTIONS, text.length).isCut);
  }
  assert.equal(plainSectionsOf('a\r\nb').text, 'a\nb');
});

test('a turn has its time and its size; the first always gets one', async () => {
  let now = 0;
  const turns = createTurns(() => now);
  assert.ok(turns.take(1_000_000));
  assert.ok(!turns.take(1));
  await Promise.resolve();
  assert.ok(turns.take(1_000));
  assert.ok(turns.take(1_000));
  now += 100;
  assert.ok(!turns.take(1));
});
