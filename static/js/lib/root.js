// @ts-check
/**
 * An element that lit draws in, kept the way lit has left it.
 *
 * lit holds on to its nodes: where a translator or an extension has replaced, wrapped, split or moved them, it would go on
 * to write into nodes that nobody sees, without an error. So before each drawing what others did to the tree is undone;
 * until then it may stay. What they have only added stays altogether, unless it touches a text.
 *
 * Not looked at: what the page itself places beside lit (`data-loose`), and texts that may be translated, which are
 * replaced whole when they change (`translate="yes"`).
 */

import { render } from '../vendor/lit-html/lit-html.js';

/** @import {TemplateResult} from '../vendor/lit-html/lit-html.js' */

const SEEN = { childList: true, subtree: true, characterData: true, characterDataOldValue: true };
const MAX_RECORDS = 20_000; // more is not undone one by one: all is drawn anew
const REPAIR_INTERVAL_MS = 5_000;
const LOOSE = '[data-loose], [translate="yes"]';

/**
 * @param {HTMLElement} element
 * @param {() => void} [repair] draws: called when elements were taken away, and with them what listens to clicks
 */
export function createRoot(element, repair = () => {}) {
  const observer = new MutationObserver(noticed);
  let end = element.appendChild(document.createComment(''));
  /** What others have done since the last drawing. @type {MutationRecord[]} */
  let foreign = [];
  let repairedAt = -Infinity;

  /** @param {MutationRecord[]} records */
  function noticed(records) {
    const ours = records.filter(isOurs);
    if (foreign.length <= MAX_RECORDS) foreign.push(...ours);
    if (!ours.some(takesElements) || performance.now() - repairedAt < REPAIR_INTERVAL_MS) return;
    repairedAt = performance.now();
    repair();
  }

  /** @param {MutationRecord} record */
  function isOurs({ target }) {
    const loose = (target instanceof Element ? target : target.parentElement)?.closest(LOOSE);
    return !loose || loose === element || !element.contains(loose);
  }

  /** Throws what the drawing throws; then the element shows what it did before. @param {TemplateResult} template */
  function drawAnew(template) {
    const fresh = document.createDocumentFragment();
    const mark = fresh.appendChild(document.createComment(''));
    render(template, fresh, { renderBefore: mark });
    element.replaceChildren(fresh);
    end = mark;
  }

  return {
    /** @param {TemplateResult} template */
    draw(template) {
      foreign.push(...observer.takeRecords().filter(isOurs));
      observer.disconnect();
      try {
        if (foreign.length > MAX_RECORDS) return drawAnew(template);
        undo(foreign);
        render(template, element, { renderBefore: end });
      } catch (error) {
        drawAnew(template);
        if (foreign.length === 0) reportError(error); // a mistake of ours
      } finally {
        foreign = [];
        observer.observe(element, SEEN);
      }
    },
  };
}

/** @typedef {ReturnType<typeof createRoot>} Root */

/** @param {MutationRecord} record */
const takesElements = ({ removedNodes }) => [...removedNodes].some((node) => node instanceof Element && !isLoose(node));

/** @param {Node} node */
const isLoose = (node) => node instanceof Element && node.matches(LOOSE);

/** @param {Node|null} node */
const isText = (node) => node instanceof Text && node.data.trim() !== '';

/**
 * Where anything was taken away or put beside a text, all is put back, the last change first.
 * @param {MutationRecord[]} records
 */
function undo(records) {
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
