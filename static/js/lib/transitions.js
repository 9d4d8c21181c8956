// @ts-check
/**
 * What a person may do with a task in each state (contract A3), and why not the rest.
 * Moves into `planning`, `active` and `awaiting_input` are never a plain change of state.
 */

import { STATUS } from './statuses.js';

/** @import {StatusWord, Task} from '../types.js' */

/**
 * @typedef {Object} Move
 * @property {StatusWord} to
 * @property {string} verb what the button says
 * @property {string} icon
 * @property {boolean} [isLikely] what most people would do next
 */

/** @type {Move} */ const reopen = { to: 'pending', verb: 'Reopen', icon: 'rotate-ccw', isLikely: true };
/** @type {Move} */ const retry = { to: 'pending', verb: 'Retry', icon: 'rotate-ccw', isLikely: true };
/** @type {Move} */ const planAgain = { to: 'pending', verb: 'Plan again', icon: 'rotate-ccw' };
/** @type {Move} */ const cancelPlanning = { to: 'pending', verb: 'Cancel planning', icon: 'x' };
/** @type {Move} */ const markPlanned = { to: 'planned', verb: 'Mark planned', icon: 'circle-dot' };
/** @type {Move} */ const pause = { to: 'waiting', verb: 'Pause', icon: 'circle-pause' };
/** @type {Move} */ const complete = { to: 'completed', verb: 'Mark completed', icon: 'circle-check', isLikely: true };
/** @type {Move} */ const fail = { to: 'failed', verb: 'Mark failed', icon: 'circle-x' };

/** @type {Readonly<Record<StatusWord, readonly Move[]>>} */
const MOVES = {
  pending: [markPlanned, fail],
  planning: [cancelPlanning],
  awaiting_input: [planAgain, fail],
  planned: [planAgain, fail],
  active: [complete, pause, fail],
  waiting: [complete, fail],
  completed: [reopen],
  failed: [retry],
};

/** States that only a verb of their own enters. @type {Readonly<Partial<Record<StatusWord, string>>>} */
const ENTERED_BY_AGENTS = {
  planning: 'Planning starts when the planner takes the task.',
  active: 'A task becomes active when an agent starts on it.',
  awaiting_input: 'Only the planner can ask for input.',
};

/** @param {Task} task */
export const hasPlan = (task) => task.taskType === 'planned';

/** The moves that are open to a person now, most likely first. @param {Task} task @returns {readonly Move[]} */
export function movesOf(task) {
  return MOVES[task.status.type].filter((move) => move.to !== 'planned' || hasPlan(task));
}

/** Null when the task may go there; else the reason, as a sentence. @param {Task} task @param {StatusWord} to @returns {string|null} */
export function whyNot(task, to) {
  const from = task.status.type;
  if (from === to) return `It is already ${STATUS[to].label.toLowerCase()}.`;
  if (movesOf(task).some((move) => move.to === to)) return null;
  if (from === 'pending' && to === 'planned') return 'It has no plan yet. Open it and add one.';
  return ENTERED_BY_AGENTS[to] ?? `${STATUS[from].label} tasks cannot become ${STATUS[to].label.toLowerCase()}.`;
}
