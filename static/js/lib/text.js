// @ts-check
/** Words made from data: titles, sizes, counts, limits. */

/** @import {Task} from '../types.js' */

const TITLE_LENGTH = 200;
const encoder = new TextEncoder();

/** The first line with something in it, without Markdown's heading and list signs. @param {string} text */
export function titleOf(text) {
  const line =
    text
      .split('\n')
      .map(plain)
      .find((each) => each !== '') ?? '';
  return line === '' ? 'Untitled task' : shorten(line, TITLE_LENGTH);
}

/** @param {string} line */
function plain(line) {
  return line
    .replace(/^\s*(#{1,6}\s+|[-*+>]\s+)?/, '')
    .replace(/(\*\*|__|`)/g, '')
    .trim();
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
