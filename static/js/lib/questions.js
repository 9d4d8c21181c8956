// @ts-check
/** The planner's questions: their options, and the answers to send. */

/** @import {PlanningQuestion} from '../types.js' */

const OPTION = /^\s*(?:[-*•]|\(?(?:\d{1,2}|[a-z])[.)])\s+(.+)$/i;

/**
 * A question may end with a list of answers to choose from, one a line.
 * @param {string} question
 * @returns {{text: string, options: string[]}}
 */
export function choicesOf(question) {
  const lines = question.trimEnd().split('\n');
  let first = lines.length;
  while (first > 1 && OPTION.test(lines[first - 1] ?? '')) first -= 1;
  const options = lines.slice(first).map((line) => OPTION.exec(line)?.[1]?.trim() ?? '');
  return options.length < 2
    ? { text: question, options: [] }
    : { text: lines.slice(0, first).join('\n').trim(), options };
}

/**
 * By position, as the server takes them: those given before stay.
 * @param {readonly PlanningQuestion[]} questions
 * @param {(index: number) => string} typed
 * @returns {string[]}
 */
export const answersOf = (questions, typed) => questions.map(({ answer }, index) => answer ?? typed(index).trim());

/**
 * How many are still to be answered.
 * @param {readonly PlanningQuestion[]} questions
 * @param {(index: number) => string} typed
 */
export const unanswered = (questions, typed) => answersOf(questions, typed).filter((answer) => answer === '').length;

/** @param {readonly PlanningQuestion[]} questions */
export const isAsking = (questions) => questions.some(({ answer }) => answer === null);
