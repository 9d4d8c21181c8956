// @ts-check
/** A form as what a person has changed in it, over whatever the thing is by now. Pure: values are JSON. */

import { isSameValue } from './fields.js';

/** @typedef {any} Value */
/** @typedef {Readonly<Record<string, Value>>} Values */
/**
 * What was typed, by field: `base` is the value it was typed over.
 * @typedef {Readonly<Record<string, {mine: Value, base: Value}>>} Touched
 */

/**
 * What the form shows.
 * @param {Touched} touched
 * @param {Values} current
 * @returns {Values}
 */
export function merged(touched, current) {
  return { ...current, ...Object.fromEntries(Object.entries(touched).map(([field, { mine }]) => [field, mine])) };
}

/**
 * A value that is typed back is no change.
 * @param {Touched} touched
 * @param {string} field
 * @param {Value} mine
 * @param {Values} current
 * @returns {Touched}
 */
export function touch(touched, field, mine, current) {
  const base = touched[field] ? touched[field].base : current[field];
  return isSameValue(mine, base) ? untouch(touched, field) : { ...touched, [field]: { mine, base } };
}

/**
 * @param {Touched} touched
 * @param {string} field
 * @returns {Touched}
 */
export function untouch(touched, field) {
  return Object.fromEntries(Object.entries(touched).filter(([name]) => name !== field));
}

/**
 * The person has seen the other value and keeps their own.
 * @param {Touched} touched
 * @param {string} field
 * @param {Values} current
 * @returns {Touched}
 */
export function keepMine(touched, field, current) {
  return touched[field] ? { ...touched, [field]: { mine: touched[field].mine, base: current[field] } } : touched;
}

/**
 * Fields that both sides have changed, each to something else.
 * @param {Touched} touched
 * @param {Values} current
 */
export function conflictsOf(touched, current) {
  return Object.keys(touched).filter((field) => {
    const { mine, base } = /** @type {{mine: Value, base: Value}} */ (touched[field]);
    return !isSameValue(current[field], base) && !isSameValue(current[field], mine);
  });
}

/**
 * Without what has meanwhile become true anyway.
 * @param {Touched} touched
 * @param {Values} current
 * @returns {Touched}
 */
export function tidied(touched, current) {
  return Object.fromEntries(Object.entries(touched).filter(([field, { mine }]) => !isSameValue(mine, current[field])));
}

/**
 * What was typed after `sent` had gone to the server, over the value it has now.
 * @param {Touched} touched
 * @param {Values} sent
 * @param {Values} current
 * @returns {Touched}
 */
export function typedSince(touched, sent, current) {
  const later = Object.entries(touched).filter(([field, { mine }]) => !isSameValue(mine, sent[field]));
  return Object.fromEntries(later.map(([field, { mine }]) => [field, { mine, base: current[field] }]));
}
