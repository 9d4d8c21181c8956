// @ts-check
/**
 * A text in sections that a Markdown parser takes quickly, however long or odd the whole is. Pure.
 *
 * A parser's work grows with the square of what it is given, and its stack with the nesting. So a long text is cut where
 * one block ends and another begins, and what is nested too deeply or too intricate is told apart before it is parsed.
 * When more text comes, only the sections at its end change.
 */

/** Characters of a section, where lines and signs count for more: each makes an element. */
const SECTION_WEIGHT = 6_000;
const LINE_WEIGHT = 24;
const SIGN_WEIGHT = 8;
const PLAIN_CHARACTERS = 4_000;
/** Characters of a line, or of code, in one section. */
const MAX_LINE = 16_000;
/** What lies beyond is drawn where somebody asks for it. */
export const SHOWN_CHARACTERS = 128 * 1024;
export const MAX_DEPTH = 12;
const MAX_INDENT = 80;
/** Signs in one paragraph, cell or item. */
const MAX_EMPHASIS = 300;
const MAX_SIGNS = 600;
const MAX_WORD_SIGNS = 60;
const MAX_SPACES = 500;
const MAX_DEFINITIONS = 50;

const FENCE = /^ {0,3}(`{3,}(?=[^`]*$)|~{3,})/;
const MARKER = /[ \t]*(?:>|[-+*](?=[ \t]|$)|\d{1,9}[.)](?=[ \t]|$))/y;
const LIST = /^(?:[-+*]|\d{1,9}[.)])(?:[ \t]|$)/;
const NUMBER = /^\d{1,9}(?=[.)][ \t])/;
const ITEMS = /^\d{1,9}[.)][ \t]/gm;
const TABLE_RULE = /^\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t:-]*)*$/;
const DEFINITIONS = /^ {0,3}\[[^\]\n]{1,200}\]:[ \t]*\S.*$/gm;
const EMPHASIS = /[*~]|(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu;
const HEADINGS = /^ {0,3}(#{1,6})[ \t]/gm;

/** Headings of a text stand below the two levels of the page. */
const PAGE_LEVELS = 2;

/**
 * The level at which a heading is shown: none skips one.
 * @param {number} depth as it is written
 * @param {number} level of the heading before it
 */
export const levelOf = (depth, level) => Math.min(depth + PAGE_LEVELS, level + 1, 6);

/**
 * @typedef {Object} Section
 * @property {number} at where it begins in the text
 * @property {'markdown'|'code'|'plain'} kind
 * @property {string} source
 * @property {string} why what keeps a plain one from being Markdown
 * @property {boolean} isMore it goes on with the block of the section before it
 * @property {number} level of the last heading before it
 */

/** @typedef {{text: string, sections: Section[], definitions: string, isCut: boolean}} Sections */

/** @type {Sections} */
export const NO_SECTIONS = { text: '', sections: [], definitions: '', isCut: false };

/**
 * @param {string} whole
 * @param {Sections} [before] of the same text when it was shorter
 * @param {number} [most] characters
 * @returns {Sections}
 */
export function sectionsOf(whole, before = NO_SECTIONS, most = SHOWN_CHARACTERS) {
  const { text, isCut } = bounded(whole, most);
  if (text === before.text) return isCut === before.isCut ? before : { ...before, isCut };
  const settled = text.startsWith(before.text) ? settledOf(before.sections) : 0;
  const sections = before.sections.slice(0, settled);
  const next = settled > 0 ? before.sections[settled] : undefined;
  const begin = next?.at ?? 0;
  let level = next?.level ?? PAGE_LEVELS;
  for (const part of packed(text, begin)) {
    sections.push({ ...part, level });
    if (part.kind === 'markdown') level = levelAfter(part.source, level);
  }
  const known = settled > 0 ? before.definitions.split('\n') : [];
  const found = text.slice(begin).match(DEFINITIONS) ?? [];
  return { text, sections, definitions: definitionsOf([...known, ...found]), isCut };
}

/**
 * The same of a text that is no Markdown.
 * @param {string} whole
 * @param {Sections} [_before]
 * @param {number} [most]
 * @returns {Sections}
 */
export function plainSectionsOf(whole, _before, most = SHOWN_CHARACTERS) {
  const { text, isCut } = bounded(whole, most);
  /** @type {Section[]} */
  const sections = [];
  for (let at = 0; at < text.length;) {
    const line = text.lastIndexOf('\n', at + PLAIN_CHARACTERS) + 1;
    const end = at + PLAIN_CHARACTERS >= text.length ? text.length : line > at ? line : endOf(text, at + MAX_LINE);
    sections.push({ at, kind: 'plain', source: text.slice(at, end), why: '', isMore: at > 0, level: PAGE_LEVELS });
    at = end;
  }
  return { text, sections, definitions: '', isCut };
}

/**
 * @param {string} whole
 * @param {number} most
 */
function bounded(whole, most) {
  const all = withLineFeeds(whole);
  const isCut = all.length > most;
  return { text: isCut ? all.slice(0, endOf(all, most)) : all, isCut };
}

/** @param {string} text */
const withLineFeeds = (text) => (text.includes('\r') ? text.replace(/\r\n?/g, '\n') : text);

/**
 * How many stay as they are when text is added: the block at the end may still grow, and with it the section that it is
 * in.
 * @param {readonly Section[]} sections
 */
function settledOf(sections) {
  let count = Math.max(0, sections.length - 2);
  while (count > 0 && sections[count]?.isMore) count -= 1;
  return count;
}

/**
 * @param {string} source
 * @param {number} level
 */
const levelAfter = (source, level) =>
  [...source.matchAll(HEADINGS)].reduce((before, [, signs = '']) => levelOf(signs.length, before), level);

/** Where links lead that are named elsewhere in the text. @param {readonly string[]} found */
const definitionsOf = (found) => [...new Set(found)].slice(0, MAX_DEFINITIONS).join('\n').trim();

/* ---------------------------------------------------------------- cutting */

/** @typedef {Omit<Section, 'level'>} Part */

/**
 * As many blocks in one section as it takes.
 * @param {string} text
 * @param {number} begin
 * @returns {Generator<Part>}
 */
function* packed(text, begin) {
  let [start, end, weight] = [begin, begin, 0];
  while (end < text.length) {
    const next = blockEnd(text, end);
    const added = weightOf(text.slice(end, next));
    if (weight + added > SECTION_WEIGHT && end > start) {
      yield judged(start, text.slice(start, end));
      [start, weight] = [end, 0];
    }
    if (added > SECTION_WEIGHT) yield* cut(text, end, next);
    [start, end, weight] = added > SECTION_WEIGHT ? [next, next, 0] : [start, next, weight + added];
  }
  if (end > start) yield judged(start, text.slice(start, end));
}

/** @param {string} text */
const weightOf = (text) => text.length + LINE_WEIGHT * count(text, /\n/g) + SIGN_WEIGHT * count(text, /[*_`[|]/g);

/**
 * Where the line after the one at `at` begins.
 * @param {string} text
 * @param {number} at
 */
function lineEnd(text, at) {
  const end = text.indexOf('\n', at);
  return end < 0 ? text.length : end + 1;
}

/** @param {string} line */
const isFence = (line) => line.length > 3 && FENCE.test(line.trimEnd());

/**
 * Where a block that can be parsed alone ends: a fence with its closing line, or before a line at the margin that
 * follows an empty one and goes on with no list.
 * @param {string} text
 * @param {number} at
 */
function blockEnd(text, at) {
  let end = lineEnd(text, at);
  const first = text.slice(at, end);
  const fence = FENCE.exec(first.trimEnd())?.[1];
  if (fence) return fenceEnd(text, end, fence);
  const isList = LIST.test(first);
  for (let wasEmpty = first.trim() === ''; end < text.length;) {
    const next = lineEnd(text, end);
    const line = text.slice(end, next);
    const isEmpty = line === '\n' || line.trim() === '';
    if (isFence(line) && (!isList || line[0] === '`' || line[0] === '~')) return end;
    if (wasEmpty && !isEmpty && /^\S/.test(line) && !LIST.test(line)) return end;
    wasEmpty = isEmpty;
    end = next;
  }
  return end;
}

/**
 * @param {string} text
 * @param {number} at
 * @param {string} fence
 */
function fenceEnd(text, at, fence) {
  const isClosing = (/** @type {string} */ line) => {
    const signs = /^ {0,3}(`+|~+)[ \t]*$/.exec(line.trimEnd())?.[1];
    return signs !== undefined && signs[0] === fence[0] && signs.length >= fence.length;
  };
  for (let end = at; end < text.length;) {
    const next = lineEnd(text, end);
    if (isClosing(text.slice(end, next))) return next;
    end = next;
  }
  return text.length;
}

/**
 * A block that is too long for one section.
 * @param {string} text
 * @param {number} begin
 * @param {number} end
 * @returns {Generator<Part>}
 */
function* cut(text, begin, end) {
  const first = text.slice(begin, lineEnd(text, begin));
  const isCode = isFence(first);
  const goOn = isCode ? null : continuation(text, begin, first);
  const most = isCode ? MAX_LINE : SECTION_WEIGHT;
  let isMore = false;
  /** @type {(from: number, to: number) => Part} */
  const part = (from, to) => {
    const source = text.slice(from, to);
    const made = goOn ? judged(from, goOn(source, isMore)) : coded(from, source, !isMore);
    return { ...made, isMore };
  };
  let [start, weight] = [begin, 0];
  for (let at = begin; at < end;) {
    const next = Math.min(end, endOf(text, Math.min(lineEnd(text, at), at + MAX_LINE)));
    const added = isCode ? next - at : weightOf(text.slice(at, next));
    const isBorder = isCode || /\S/.test(text[at] ?? '');
    if (at > start && weight + added > (isBorder ? most : 2 * most)) {
      yield part(start, at);
      [start, weight, isMore] = [at, 0, true];
    }
    [at, weight] = [next, weight + added];
  }
  yield part(start, end);
}

/** Never between the halves of a character. @param {string} text @param {number} at */
const endOf = (text, at) => (/[\uDC00-\uDFFF]/.test(text[at] ?? '') ? at - 1 : at);

/**
 * Gives a later part of a table its head, and one of a list the number that comes next.
 * @param {string} text
 * @param {number} begin
 * @param {string} first
 * @returns {(source: string, isMore: boolean) => string}
 */
function continuation(text, begin, first) {
  const second = begin + first.length;
  const rule = text.slice(second, lineEnd(text, second));
  if (first.includes('|') && TABLE_RULE.test(rule.trim()))
    return (source, isMore) => (isMore ? first + rule + source : source);
  let next = Number(NUMBER.exec(first)?.[0] ?? 0);
  return (source, isMore) => {
    const numbered = isMore ? source.replace(NUMBER, String(next)) : source;
    next += count(source, ITEMS);
    return numbered;
  };
}

/**
 * The lines of a fence; its opening and closing ones do not belong to the code.
 * @param {number} at
 * @param {string} source
 * @param {boolean} isFirst
 * @returns {Part}
 */
function coded(at, source, isFirst) {
  const lines = source.split('\n');
  if (isFirst) lines.shift();
  const last = lines.findLastIndex((line) => line.trim() !== '');
  if (/^ {0,3}(`{3,}|~{3,})[ \t]*$/.test(lines[last] ?? '')) lines.length = last;
  return { at, kind: 'code', source: lines.join('\n'), why: '', isMore: false };
}

/* ---------------------------------------------------------------- judging */

/**
 * @param {number} at
 * @param {string} source
 * @returns {Part}
 */
function judged(at, source) {
  const why = problemOf(source);
  return { at, kind: why === '' ? 'markdown' : 'plain', source, why, isMore: false };
}

/**
 * Why a parser might take long or overflow; '': it will not.
 * @param {string} source
 */
export function problemOf(source) {
  let [emphasis, signs, isTable, before] = [0, 0, false, ''];
  for (const line of outsideFences(source.split('\n'))) {
    if (line.length > MAX_LINE) return 'it has a very long line';
    const { depth, rest } = markersOf(line);
    if (depth > MAX_DEPTH || (depth > 0 && line.search(/\S/) > MAX_INDENT)) return 'it is nested too deeply';
    isTable = rest !== '' && (isTable || (before.includes('|') && TABLE_RULE.test(line.trim())));
    if (depth > 0 || rest === '' || rest[0] === '#' || isTable) emphasis = signs = 0;
    emphasis += count(rest, EMPHASIS);
    signs += count(rest, /[[\]<`!&\\|(:@]/g);
    if (emphasis > MAX_EMPHASIS || signs > MAX_SIGNS || hasSpaces(rest) || hasKnot(rest)) return 'it is too intricate';
    before = line;
  }
  return '';
}

/** @param {string[]} lines */
function* outsideFences(lines) {
  /** @type {string|null} */
  let fence = null;
  for (const line of lines) {
    const signs = line.length < 3 ? undefined : FENCE.exec(line.trimEnd())?.[1];
    if (fence === null) yield line;
    if (signs !== undefined && (fence === null || signs.startsWith(fence))) fence = fence === null ? signs : null;
  }
}

/** @param {string} text @param {RegExp} signs */
const count = (text, signs) => text.match(signs)?.length ?? 0;

/** Names such as `a_b_c` hold signs that mean nothing; a parser looks for their ends all the same, within a word. */
const hasKnot = (/** @type {string} */ line) =>
  line.length > MAX_WORD_SIGNS &&
  (line.match(/\S+/g) ?? []).some((word) => word.length > MAX_WORD_SIGNS && count(word, /[*_~]/g) > MAX_WORD_SIGNS);

/** @param {string} line */
const hasSpaces = (line) =>
  line.length > MAX_SPACES && (line.match(/\s+/g) ?? []).some((spaces) => spaces.length > MAX_SPACES);

/**
 * How deeply a line is nested by the signs at its beginning, and what follows them.
 * @param {string} line
 */
function markersOf(line) {
  let depth = 0;
  let end = 0;
  MARKER.lastIndex = 0;
  while (depth <= MAX_DEPTH && MARKER.test(line)) [depth, end] = [depth + 1, MARKER.lastIndex];
  MARKER.lastIndex = 0;
  return { depth, rest: line.slice(end).trimStart() };
}
