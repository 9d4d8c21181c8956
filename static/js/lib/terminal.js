// @ts-check
/**
 * What programs write for a terminal, as the text it would leave there. Pure. The same rule as in common/terminal.py.
 */

const ESCAPES = new RegExp(
  [
    '(?:\\x1b\\[|\\x9b)[0-?]*[ -/]*[@-~]?', // CSI: colours, the cursor
    '(?:\\x1b\\]|\\x9d)[^\\x07\\x1b\\x9c\\n]*(?:\\x07|\\x1b\\\\|\\x9c)?', // OSC: titles, links
    '(?:\\x1b[PX^_]|[\\x90\\x98\\x9e\\x9f])[^\\x07\\x1b\\x90\\x98\\x9c\\x9e\\x9f]*(?:\\x07|\\x1b\\\\|\\x9c)', // DCS, SOS, PM, APC
    '\\x1b[ -/]*[0-~]?', // character sets, and all the others
    '[\\x07\\x80-\\x84\\x86-\\x9f]', // the bell, and what is left of eight-bit controls
  ].join('|'),
  'g',
);
/** Another way back to the beginning of a line. */
const TO_BEGINNING = /\x1b\[[01]?G/g;
const HAS_ESCAPE = /[\x07\x1b\x80-\x9f]/;
/** Of a line whose rewriting is followed; of a longer one what was written last is shown. */
const MAX_LINE = 4_000;
const ERASE = /\x1b\[[0-2]?K/;

/** @param {string} written */
export function terminalText(written) {
  const text = written.replace(TO_BEGINNING, '\r');
  return withoutEscapes(/[\r\b]/.test(text) ? text.split('\n').map(lastState).join('\n') : text);
}

/** @param {string} text */
export const withoutEscapes = (text) => (HAS_ESCAPE.test(text) ? text.replace(ESCAPES, '') : text);

/** @param {string} line with what is left of its line end */
function lastState(line) {
  let end = line.length;
  while (line[end - 1] === '\r') end -= 1;
  const text = line.slice(0, end);
  return /[\r\b]/.test(text) ? rewritten(text) : text;
}

/**
 * A line that was written over: progress bars go back to its beginning, old printers a step.
 * @param {string} line
 */
function rewritten(line) {
  if (line.length > MAX_LINE) return line.slice(line.lastIndexOf('\r') + 1);
  /** @type {string[]} */
  const cells = [];
  let at = 0;
  for (const part of line.split(/(\x1b\[[0-2]?K)/)) {
    if (ERASE.test(part)) erase(cells, at, part);
    else at = write(cells, at, part.replace(ESCAPES, ''));
  }
  return cells.join('').trimEnd();
}

/**
 * Returns where the cursor stands.
 * @param {string[]} cells
 * @param {number} start
 * @param {string} text
 */
function write(cells, start, text) {
  let at = start;
  for (const character of text) {
    if (character === '\r') at = 0;
    else if (character === '\b') at = Math.max(0, at - 1);
    else cells[at++] = character;
  }
  return at;
}

/**
 * @param {string[]} cells
 * @param {number} at
 * @param {string} code
 */
function erase(cells, at, code) {
  if (code.includes('2')) cells.fill(' ');
  else if (code.includes('1')) cells.fill(' ', 0, at + 1);
  else cells.length = Math.min(cells.length, at);
}
