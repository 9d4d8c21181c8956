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
import { createLater } from './later.js';

/** @import {TemplateResult} from '../vendor/lit-html/lit-html.js' */

const SEEN = { childList: true, subtree: true, characterData: true, characterDataOldValue: true };
const MAX_RECORDS = 20_000; // more is not undone one by one: all is drawn anew
const REPAIR_INTERVAL_MS = 5_000;
/** Until it is there, and where it cannot be fetched, all is drawn anew. */
const undoing = createLater(
  () => import('./undo.js'),
  () => {},
);
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
    if (ours.length > 0) undoing.prepare();
    if (foreign.length <= MAX_RECORDS) foreign = foreign.concat(ours);
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
      const records = foreign.concat(observer.takeRecords().filter(isOurs));
      observer.disconnect();
      foreign = undoing.value === null && records.length <= MAX_RECORDS && records.every(adds) ? records : [];
      try {
        if (foreign !== records && records.length > 0 && !takeBack(records)) return drawAnew(template);
        render(template, element, { renderBefore: end });
      } catch (error) {
        drawAnew(template);
        if (records.length === 0) reportError(error); // a mistake of ours
      } finally {
        observer.observe(element, SEEN);
      }
    },
  };
}

/** @param {MutationRecord[]} records @returns {boolean} whether it could */
function takeBack(records) {
  if (records.length > MAX_RECORDS || !undoing.value) return false;
  undoing.value.undo(records);
  return true;
}

/** Such a one may be undone later as well. @param {MutationRecord} record */
const adds = ({ type, removedNodes }) => type === 'childList' && removedNodes.length === 0;

/** @param {MutationRecord} record */
const takesElements = ({ removedNodes }) => [...removedNodes].some((node) => node instanceof Element && !isLoose(node));

/** @param {Node} node */
export const isLoose = (node) => node instanceof Element && node.matches(LOOSE);
