// @ts-check
/** Changes to a list as a new list. */

/**
 * @template T
 * @param {readonly T[]} list
 * @param {number} index
 * @param {T} item
 */
export const insertAt = (list, index, item) => [...list.slice(0, index), item, ...list.slice(index)];

/**
 * @template T
 * @param {readonly T[]} list
 * @param {number} index
 */
export const removeAt = (list, index) => [...list.slice(0, index), ...list.slice(index + 1)];

/**
 * @template T
 * @param {readonly T[]} list
 * @param {number} index
 * @param {T} item
 */
export const replaceAt = (list, index, item) => [...list.slice(0, index), item, ...list.slice(index + 1)];

/**
 * The same list when there is nowhere to go.
 * @template T
 * @param {readonly T[]} list
 * @param {number} index
 * @param {1|-1} step
 */
export function moveBy(list, index, step) {
  const target = index + step;
  if (target < 0 || target >= list.length) return [...list];
  return insertAt(removeAt(list, index), target, /** @type {T} */ (list[index]));
}
