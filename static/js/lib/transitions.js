// @ts-check
/**
 * What a person may do with a task in each state (contract A3), and why not the rest. A move is a plain change of
 * state; planning, answering and starting are verbs of their own, because an agent begins to work.
 */

import { STATUS } from './statuses.js';

/** @import {Hindrances} from './agents.js' */
/** @import {StatusWord, Task} from '../types.js' */

/**
 * @typedef {Object} Step
 * @property {'move'|'plan'|'answer'|'start'} verb
 * @property {StatusWord} to
 * @property {string} label what the button says
 * @property {string} icon
 * @property {boolean} [isLikely] what most people would do next
 */

/** @type {Hindrances} */
export const NO_HINDRANCES = { plan: null, start: null };

/** @type {Step} */ const plan = { verb: 'plan', to: 'planning', label: 'Plan', icon: 'list-checks' };
/** @type {Step} */ const answer = {
  verb: 'answer',
  to: 'planning',
  label: 'Answer the questions',
  icon: 'message-square',
  isLikely: true,
};
/** @type {Step} */ const start = { verb: 'start', to: 'active', label: 'Start an agent…', icon: 'circle-play' };
/** @type {Step} */ const startAnother = {
  verb: 'start',
  to: 'active',
  label: 'Start another agent…',
  icon: 'circle-play',
};
/** @type {Step} */ const reopen = { verb: 'move', to: 'pending', label: 'Reopen', icon: 'rotate-ccw', isLikely: true };
/** @type {Step} */ const retry = { verb: 'move', to: 'pending', label: 'Retry', icon: 'rotate-ccw', isLikely: true };
/** @type {Step} */ const planAgain = { verb: 'move', to: 'pending', label: 'Plan again', icon: 'rotate-ccw' };
/** @type {Step} */ const cancelPlanning = { verb: 'move', to: 'pending', label: 'Cancel planning', icon: 'x' };
/** @type {Step} */ const markPlanned = { verb: 'move', to: 'planned', label: 'Mark planned', icon: 'circle-dot' };
/** @type {Step} */ const pause = { verb: 'move', to: 'waiting', label: 'Pause', icon: 'circle-pause' };
/** @type {Step} */ const complete = { verb: 'move', to: 'completed', label: 'Mark completed', icon: 'circle-check' };
/** @type {Step} */ const fail = { verb: 'move', to: 'failed', label: 'Mark failed…', icon: 'circle-x' };

/**
 * @param {Step} step
 * @returns {Step}
 */
const likely = (step) => ({ ...step, isLikely: true });

/** @type {Readonly<Record<StatusWord, readonly Step[]>>} */
const STEPS = {
  pending: [likely(plan), start, fail],
  planning: [cancelPlanning],
  awaiting_input: [answer, planAgain, fail],
  planned: [likely(start), planAgain, fail],
  active: [likely(complete), pause, fail],
  waiting: [startAnother, complete, fail],
  completed: [reopen],
  failed: [retry],
};
const PENDING_WITH_STEPS = [likely(start), plan, markPlanned, fail];

/** Whether there are texts of a plan. @param {Task} task */
export const hasPlan = (task) => task.taskType === 'planned';

/** Whether there is a plan that somebody could follow. @param {Task} task */
export const hasSteps = (task) => task.taskType === 'planned' && task.plan.length > 0;

/**
 * What is open to a person now, in the order of the buttons.
 * @param {Task} task
 * @returns {readonly Step[]}
 */
export const stepsOf = (task) =>
  task.status.type === 'pending' && hasSteps(task) ? PENDING_WITH_STEPS : STEPS[task.status.type];

/**
 * What leads there, or null.
 * @param {Task} task
 * @param {StatusWord} to
 * @returns {Step|null}
 */
export const stepTo = (task, to) => stepsOf(task).find((step) => step.to === to) ?? null;

/**
 * Null when it can be done; else the reason, as a sentence.
 * @param {Step} step
 * @param {Hindrances} hindrances
 * @returns {string|null}
 */
export function hindranceOf({ verb }, { plan: noPlanner, start: noAgent }) {
  return { move: null, plan: noPlanner, answer: noPlanner, start: noAgent }[verb];
}

/**
 * Null when the task may go there; else the reason, as a sentence.
 * @param {Task} task
 * @param {StatusWord} to
 * @param {Hindrances} [hindrances]
 * @returns {string|null}
 */
export function whyNot(task, to, hindrances = NO_HINDRANCES) {
  const from = task.status.type;
  if (from === to) return `It is already ${STATUS[to].label.toLowerCase()}.`;
  const step = stepTo(task, to);
  if (step) return hindranceOf(step, hindrances);
  if (from === 'pending' && to === 'planned') return 'It has no plan yet. Open it and add one.';
  if (to === 'awaiting_input') return 'Only the planner can ask for input.';
  return `${STATUS[from].label} tasks cannot become ${STATUS[to].label.toLowerCase()}.`;
}
