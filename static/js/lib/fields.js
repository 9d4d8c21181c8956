// @ts-check
/** The texts of a task that a person may edit: where they are, and what the server takes. */

import { DESCRIPTION_LIMIT, ITEMS_LIMIT, ITEM_LIMIT, byteLength, formatBytes } from './text.js';

/** @import {Task} from '../types.js' */

/** @typedef {'description'|'summary'|'requirements'|'acceptanceCriteria'|'plan'} FieldName */
/** @typedef {string|string[]} FieldValue */

/**
 * @typedef {Object} Field
 * @property {FieldName} name
 * @property {string} label
 * @property {'text'|'list'} kind
 * @property {string} empty what is said when there is nothing
 * @property {string} [item] what one item is called
 * @property {boolean} [ordered]
 */

/** @type {Field} */
export const DESCRIPTION = { name: 'description', label: 'Description', kind: 'text', empty: 'No description' };

/** @type {readonly Field[]} */
export const PLAN_FIELDS = [
  { name: 'summary', label: 'Summary', kind: 'text', empty: 'No summary' },
  { name: 'requirements', label: 'Requirements', kind: 'list', item: 'requirement', empty: 'No requirements' },
  {
    name: 'acceptanceCriteria',
    label: 'Acceptance criteria',
    kind: 'list',
    item: 'criterion',
    empty: 'No acceptance criteria',
  },
  { name: 'plan', label: 'Plan', kind: 'list', item: 'step', ordered: true, empty: 'No plan' },
];

/**
 * @param {Task} task
 * @param {Field} field
 * @returns {FieldValue}
 */
export function valueOf(task, { name, kind }) {
  const value = /** @type {any} */ (task)[name];
  return value ?? (kind === 'list' ? [] : '');
}

/**
 * @param {FieldValue} a
 * @param {FieldValue} b
 */
export const isSameValue = (a, b) => JSON.stringify(a) === JSON.stringify(b);

/**
 * What is sent: lists without their blank items.
 * @param {FieldValue} value
 * @returns {FieldValue}
 */
export const tidy = (value) =>
  typeof value === 'string' ? value : value.map((item) => item.trim()).filter((item) => item !== '');

/**
 * Null when the server will take it.
 * @param {Field} field
 * @param {FieldValue} value tidied
 * @returns {string|null}
 */
export function problemOf({ name, item = 'item' }, value) {
  if (typeof value === 'string') return textProblem(name, value);
  if (value.length > ITEMS_LIMIT) return `There are ${value.length} of them; at most ${ITEMS_LIMIT} are allowed.`;
  const long = value.findIndex((each) => Array.from(each).length > ITEM_LIMIT);
  return long < 0
    ? null
    : `The ${item} at place ${long + 1} is too long; at most ${ITEM_LIMIT.toLocaleString('en')} characters are allowed.`;
}

/**
 * @param {FieldName} name
 * @param {string} text
 */
function textProblem(name, text) {
  if (name === 'description' && text.trim() === '') return 'A task needs a description.';
  return byteLength(text) > DESCRIPTION_LIMIT
    ? `The text is ${formatBytes(byteLength(text))}; at most 64 KiB are allowed.`
    : null;
}
