// @ts-check
/** Finding by a few letters: all words of the query occur, whole or as letters in order. */

const WORD_START = 8;
const IN_A_ROW = 4;

/**
 * How well a text fits, larger is better; null: not at all.
 * @param {string} query
 * @param {string} text
 * @returns {number|null}
 */
export function fit(query, text) {
  let sum = 0;
  for (const word of query.toLowerCase().split(/\s+/)) {
    if (word === '') continue;
    const score = fitWord(word, text.toLowerCase());
    if (score === null) return null;
    sum += score;
  }
  return sum;
}

/**
 * @param {string} word
 * @param {string} text
 * @returns {number|null}
 */
function fitWord(word, text) {
  const at = text.indexOf(word);
  if (at >= 0) return 100 + word.length * IN_A_ROW + (isStart(text, at) ? WORD_START : 0) - at / 100;
  return fitLetters(word, text);
}

/**
 * Letters in order, each at a word's start or next to the one before: scattered ones mean nothing.
 * @param {string} word
 * @param {string} text
 * @returns {number|null}
 */
function fitLetters(word, text) {
  let at = -1;
  let score = 0;
  for (const letter of word) {
    const next = text[at + 1] === letter ? at + 1 : startWith(text, letter, at + 1);
    if (next < 0) return null;
    score += next === at + 1 ? IN_A_ROW : WORD_START / 2;
    at = next;
  }
  return score;
}

/**
 * @param {string} text
 * @param {string} letter
 * @param {number} from
 */
function startWith(text, letter, from) {
  for (let at = text.indexOf(letter, from); at >= 0; at = text.indexOf(letter, at + 1))
    if (isStart(text, at)) return at;
  return -1;
}

/**
 * @param {string} text
 * @param {number} at
 */
const isStart = (text, at) => at === 0 || /[^\p{L}\p{N}]/u.test(text[at - 1] ?? '');

/**
 * Those that fit, best first; equal ones in the order given.
 * @template T
 * @param {readonly T[]} items
 * @param {string} query
 * @param {(item: T) => string} textOf
 * @returns {T[]}
 */
export function best(items, query, textOf) {
  const scored = items.map((item) => ({ item, score: fit(query, textOf(item)) })).filter(({ score }) => score !== null);
  return scored.sort((a, b) => (b.score ?? 0) - (a.score ?? 0)).map(({ item }) => item);
}
