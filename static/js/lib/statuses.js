// @ts-check
/** The eight states: how each is called, which icon it has, and what it asks of a person. */

/** @import {StatusWord} from '../types.js' */

/**
 * @typedef {Object} StatusLook
 * @property {string} label
 * @property {string} icon
 * @property {string} empty what an empty column says
 */

/** @type {Readonly<Record<StatusWord, StatusLook>>} */
export const STATUS = {
  pending: { label: 'Pending', icon: 'circle-dashed', empty: 'New tasks start here' },
  planning: { label: 'Planning', icon: 'circle-ellipsis', empty: 'Nothing is being planned' },
  awaiting_input: { label: 'Awaiting input', icon: 'circle-question-mark', empty: 'No open questions' },
  planned: { label: 'Planned', icon: 'circle-dot', empty: 'No plan waits to start' },
  active: { label: 'Active', icon: 'circle-play', empty: 'No agent is working' },
  waiting: { label: 'Waiting', icon: 'circle-pause', empty: 'Nothing is paused' },
  completed: { label: 'Completed', icon: 'circle-check', empty: 'Nothing finished yet' },
  failed: { label: 'Failed', icon: 'circle-x', empty: 'Nothing failed' },
};

/** States that wait for a person. */
export const NEEDS_YOU = /** @type {const} */ (['awaiting_input', 'failed', 'waiting']);

/** States in which an agent works. */
const WORKING = /** @type {const} */ (['planning', 'active']);

/** @param {StatusWord} word */
export const needsYou = (word) => NEEDS_YOU.some((each) => each === word);

/** @param {StatusWord} word */
export const isWorking = (word) => WORKING.some((each) => each === word);
