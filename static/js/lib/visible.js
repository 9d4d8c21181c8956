// @ts-check
/** Other people's texts made harmless to read: what would steer the text around them is shown as a sign. Pure. */

import { terminalText, withoutEscapes } from './terminal.js';

/** Controls, and those that turn the direction of what follows. Line ends and tabs stay. */
const STEERING = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069]/g;
const FILLERS = /[\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180e\u200b\u2060-\u2064\u206a-\u206f\u3164\ufeff\uffa0]/g;
const LONE_HALVES = /\p{Cs}/gu;
/** On one letter: more than a line has room for, and more than any script needs. */
const MANY_MARKS = /(\p{M}{4})\p{M}+/gu;
const COUNTLESS_MARKS = /(\p{M}{12})\p{M}+/gu;
const MANY_JOINERS = /([\u200c-\u200f\u061c])[\u200c-\u200f\u061c]+/g;
const SOMETHING = /[^\s\p{Cf}\p{M}\p{Cc}\u2800]/u;
const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;

/** @param {string} text */
export const visible = (text) => withoutEscapes(text).replace(STEERING, '\ufffd').replace(COUNTLESS_MARKS, '$1');

/**
 * A name or title: one line, without invisible letters, and with no more marks on a letter than a line has room for.
 * @param {string} text
 */
export const oneLine = (text) =>
  visible(text.replace(LONE_HALVES, '\ufffd'))
    .replace(FILLERS, '')
    .replace(MANY_JOINERS, '$1')
    .replace(MANY_MARKS, '$1')
    .replace(/\s+/g, ' ')
    .trim();

/** What a program or a person wrote, shown plainly. @param {string} text */
export const shownText = (text) => visible(terminalText(text));

/** Whether there is something to see. @param {string} text */
export const isSeen = (text) => SOMETHING.test(text);

/**
 * In a sentence that is no element (a notice, a label): what is written from right to left does not turn its neighbours.
 * @param {string} text
 */
export const isolated = (text) => (RIGHT_TO_LEFT.test(text) ? `\u2068${text}\u2069` : text);

/** A name or title in such a sentence. @param {string} text */
export const quoted = (text) => `“${isolated(oneLine(text))}”`;
