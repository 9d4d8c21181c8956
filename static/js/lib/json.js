// @ts-check
/** JSON laid out for reading, however deep or long it is. Pure. */

const MAX_DEPTH = 32;
const MAX_CHARACTERS = 256 * 1024;

/**
 * Whether a value is nested no deeper than so many levels.
 * @param {unknown} value
 * @param {number} levels
 * @returns {boolean}
 */
const isWithin = (value, levels) =>
  typeof value !== 'object' ||
  value === null ||
  (levels > 0 && Object.values(value).every((each) => isWithin(each, levels - 1)));

/**
 * On several lines; what is nested so deeply that its margins would be larger than itself, on one.
 * @param {unknown} value
 */
export function jsonText(value) {
  try {
    return JSON.stringify(value, null, isWithin(value, MAX_DEPTH) ? 2 : 0) ?? '';
  } catch {
    return '(nested too deeply to be shown)';
  }
}

/** JSON in a text on several lines; anything else, and JSON that was cut, as it is. @param {string} text */
export function laidOut(text) {
  if (text.length > MAX_CHARACTERS) return text;
  try {
    const value = JSON.parse(text);
    return typeof value === 'object' && value !== null && isExact(text) ? jsonText(value) : text;
  } catch {
    return text;
  }
}

/** Whether JavaScript's numbers hold those of a JSON text. @param {string} text */
const isExact = (text) => !/\d{16}|[eE]\+?\d{3}/.test(text.replace(/"(?:[^"\\]|\\.)*"/g, ''));
