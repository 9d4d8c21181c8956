// @ts-check
/** Words made from data: titles, sizes, counts, limits. */

import { isSeen, oneLine } from './visible.js';

/** @import {Task} from '../types.js' */

const TITLE_LENGTH = 200;
/** Of a line that is looked at for it. */
const LINE_LENGTH = 1_000;
const encoder = new TextEncoder();

/** The first line with something to see in it, without Markdown's signs. @param {string} text */
export function titleOf(text) {
  for (let at = 0; at <= text.length;) {
    const end = text.indexOf('\n', at);
    const line = text
      .slice(at, end < 0 ? text.length : end)
      .trimStart()
      .slice(0, LINE_LENGTH);
    const title = isSeen(line) ? oneLine(plainLine(line)) : '';
    if (title !== '') return shorten(title, TITLE_LENGTH);
    at = end < 0 ? text.length + 1 : end + 1;
  }
  return 'Untitled task';
}

/** Stands for what is in backticks while the signs around it are looked at. */
const CODE = '\ue000';
const BEFORE = String.raw`(?<=^|[\s([{<"'“‘«])`;
const AFTER = String.raw`(?=$|\s|[.,;:!?)\]}>"'”’»]+(?:$|\s))`;
const BEGIN = String.raw`[\p{L}\p{N}"'“(\[${CODE}]`;
const END = String.raw`[^\s*_/\\(]`;
const BOLD = new RegExp(String.raw`${BEFORE}\*\*(?=${BEGIN})([^*]*${END})\*\*${AFTER}`, 'gu');
/** Not a name as in `__init__`: a sign for bold stands around words. */
const BOLD_WORDS = new RegExp(
  String.raw`${BEFORE}__(?=${BEGIN})([^_]* [^_]*${END}|[^_]*[^\x00-\x7f][^_]*${END})__${AFTER}`,
  'gu',
);

/**
 * Without Markdown's signs: those of a heading, quote or list, and pairs around whole words. What stands in backticks
 * stays as it is, without them.
 * @param {string} line
 */
function plainLine(line) {
  const text = line.replaceAll(CODE, '\ufffd').replace(/^(?:#{1,6}\s+|[-*+>]\s+)/, '');
  const parts = codeParts(text);
  return parts
    .filter((_, index) => index % 2 === 0)
    .join(CODE)
    .replace(BOLD, '$1')
    .replace(BOLD_WORDS, '$1')
    .split(CODE)
    .map((outside, index) => outside + (parts[2 * index + 1] ?? ''))
    .join('');
}

/** Cut at backticks: every second part stands in a pair of them. @param {string} text */
function codeParts(text) {
  const pieces = text.split(/(`+)/);
  /** @type {string[]} */
  const parts = [];
  let outside = '';
  for (let at = 0; at < pieces.length; at += 1) {
    const piece = pieces[at] ?? '';
    const end = at % 2 === 1 ? pieces.indexOf(piece, at + 1) : -1;
    if (end < 0) outside += piece;
    else parts.push(outside, pieces.slice(at + 1, end).join(''));
    if (end >= 0) [outside, at] = ['', end];
  }
  return [...parts, outside];
}

/**
 * Never splits a character.
 * @param {string} text
 * @param {number} length
 */
export function shorten(text, length) {
  const characters = Array.from(text.slice(0, length * 2 + 2));
  return characters.length <= length
    ? text
    : `${characters
        .slice(0, length - 1)
        .join('')
        .trimEnd()}…`;
}

/** @param {string} text */
export const byteLength = (text) => encoder.encode(text).length;

/** @param {number} bytes */
export function formatBytes(bytes) {
  if (bytes < 1000) return `${bytes} B`;
  const units = ['kB', 'MB', 'GB'];
  let value = bytes;
  let unit = -1;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

/**
 * @param {number} count
 * @param {string} one
 * @param {string} [many]
 */
export const plural = (count, one, many = `${one}s`) => `${count.toLocaleString('en')} ${count === 1 ? one : many}`;

/** Cents, or as much as a small amount has to show. @param {number} usd */
export const dollars = (usd) => `$${usd.toFixed(usd > 0 && usd < 0.1 ? 4 : 2)}`;

/** Agent names in the order in which they worked. @param {Task} task */
export const agentsOf = (task) =>
  [...new Set([...task.agentChain.map((run) => run.agentName), currentAgent(task)])].filter((name) => name !== '');

/**
 * '' when nobody holds it.
 * @param {Task} task
 * @returns {string}
 */
export const currentAgent = (task) => ('agent' in task.status ? task.status.agent : '');

const ATTACHMENT_LIMIT = 10 * 1024 * 1024;
export const DESCRIPTION_LIMIT = 64 * 1024;
export const ITEM_LIMIT = 2000;
export const ITEMS_LIMIT = 200;

/**
 * Null when the server will take the file; else what is wrong, as a sentence.
 * @param {{name: string, size: number}} file
 * @returns {string|null}
 */
export function fileProblem({ name, size }) {
  if (size > ATTACHMENT_LIMIT) return `It is ${formatBytes(size)}; at most 10 MiB are allowed.`;
  if (byteLength(name) > 255) return 'Its name is too long; shorten it to 255 bytes.';
  if (name === '' || name === '.' || /[/\\\0]|\.\./.test(name))
    return 'Its name must not contain “/”, “\\” or “..”; rename it.';
  return null;
}

/** A workspace is called like its folder. @param {string} configPath of its chorus.json */
export const workspaceName = (configPath) => configPath.split('/').at(-2) || configPath;
