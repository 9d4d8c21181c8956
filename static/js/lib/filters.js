// @ts-check
/** The board's filters and their place in the URL. */

import { STATUSES } from '../words.js';
import { agentsOf } from './text.js';

/** @import {StatusWord, Task} from '../types.js' */

/**
 * @typedef {Object} Filters
 * @property {string} q
 * @property {readonly StatusWord[]} statuses empty: all
 * @property {string} agent '': any
 */

/** @type {Filters} */
export const NO_FILTERS = { q: '', statuses: [], agent: '' };

/**
 * @param {URLSearchParams} params
 * @returns {Filters}
 */
export function filtersOf(params) {
  const words = new Set((params.get('status') ?? '').split(','));
  return {
    q: params.get('q') ?? '',
    statuses: STATUSES.filter((status) => words.has(status)),
    agent: params.get('agent') ?? '',
  };
}

/** `/` or `/?q=…`. @param {Filters} filters */
export function boardUrl({ q, statuses, agent }) {
  const params = new URLSearchParams();
  if (q !== '') params.set('q', q);
  if (statuses.length > 0) params.set('status', statuses.join(','));
  if (agent !== '') params.set('agent', agent);
  const query = params.toString().replaceAll('%2C', ',');
  return query === '' ? '/' : `/?${query}`;
}

/** @param {Filters} filters */
export const isFiltering = ({ q, statuses, agent }) => q.trim() !== '' || statuses.length > 0 || agent !== '';

/**
 * In the order of the columns.
 * @param {Filters} filters
 * @param {StatusWord} status
 * @returns {Filters}
 */
export function toggleStatus(filters, status) {
  const has = filters.statuses.includes(status);
  return {
    ...filters,
    statuses: STATUSES.filter((each) => (each === status ? !has : filters.statuses.includes(each))),
  };
}

/**
 * Whether text and agent fit; the status filter hides whole columns instead.
 * @param {Filters} filters
 * @returns {(task: Task) => boolean}
 */
export function matcher({ q, agent }) {
  const words = q
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  return (task) =>
    (agent === '' || agentsOf(task).includes(agent)) && (words.length === 0 || hasAll(searchText(task), words));
}

/**
 * @param {string} text
 * @param {string[]} words
 */
const hasAll = (text, words) => words.every((word) => text.includes(word));

/** A wire task never changes; a newer one is another object. @type {WeakMap<Task, string>} */
const searchTexts = new WeakMap();

/** @param {Task} task */
function searchText(task) {
  let text = searchTexts.get(task);
  if (text === undefined) {
    text = [
      task.description,
      ...planTexts(task),
      ...agentsOf(task),
      failureOf(task),
      task.id,
      ...task.attachments.map((file) => file.filename),
    ]
      .join('\n')
      .toLowerCase();
    searchTexts.set(task, text);
  }
  return text;
}

/** @param {Task} task */
const planTexts = (task) =>
  task.taskType === 'planned' ? [task.summary, ...task.requirements, ...task.acceptanceCriteria, ...task.plan] : [];

/** @param {Task} task */
const failureOf = (task) => (task.status.type === 'failed' ? task.status.message : '');
