// @ts-check
/** Takes back what others did to a tree. Fetched when somebody has: most pages never need it. */

import { isLoose } from './root.js';

/** @param {Node|null} node */
const isText = (node) => node instanceof Text && node.data.trim() !== '';

/**
 * Where anything was taken away or put beside a text, all is put back, the last change first.
 * @param {MutationRecord[]} records
 */
export function undo(records) {
  const rewritten = new Set(records.filter(({ type }) => type === 'characterData').map(placeOf));
  const disturbed = new Set(records.filter((record) => disturbs(record, rewritten)).map(placeOf));
  for (const record of records.toReversed()) if (disturbed.has(placeOf(record))) revert(record);
}

/**
 * A text that is only rewritten is written anew when it changes.
 * @param {MutationRecord} record
 * @param {Set<Node|null>} rewritten whose texts have changed
 */
function disturbs({ type, target, removedNodes, previousSibling, nextSibling }, rewritten) {
  if (type === 'characterData') return false;
  const isBesideText = isText(previousSibling) || isText(nextSibling) || rewritten.has(target);
  return isBesideText || [...removedNodes].some((node) => !isLoose(node));
}

/** @param {MutationRecord} record */
const placeOf = ({ type, target }) => (type === 'characterData' ? target.parentNode : target);

/** @param {MutationRecord} record */
function revert({ target, oldValue, addedNodes, removedNodes, previousSibling, nextSibling }) {
  if (target instanceof CharacterData) target.data = oldValue ?? '';
  for (const node of addedNodes)
    if (node.parentNode === target && !isLoose(node)) /** @type {ChildNode} */ (node).remove();
  const isThere = (/** @type {Node|null} */ node) => node?.parentNode === target;
  const before = isThere(nextSibling) ? nextSibling : isThere(previousSibling) ? previousSibling?.nextSibling : null;
  for (const node of removedNodes) if (!isLoose(node)) target.insertBefore(node, before ?? null);
}
