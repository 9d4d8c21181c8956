// @ts-check
/** A list under the pen: Enter adds an item, Alt and an arrow moves it, Backspace in an empty one removes it. */

import { html, nothing } from '../../vendor/lit-html/lit-html.js';
import { live } from '../../vendor/lit-html/directives/live.js';
import { button } from '../../elements/button.js';
import { insertAt, moveBy, removeAt, replaceAt } from '../../lib/lists.js';
import { keyOf } from '../../lib/keys.js';

/** @import {Field} from '../../lib/fields.js' */

/**
 * @typedef {Object} Options
 * @property {Field} field
 * @property {readonly string[]} items
 * @property {string} error
 * @property {(change: (items: string[]) => string[]) => void} onChange given the items as they are by then: keys may
 *   come faster than frames
 * @property {(index: number) => void} focus
 */

/** @param {Options} options */
export function listEditor(options) {
  const { field, items } = options;
  const what = field.item ?? 'item';
  const add = () => change(options, (now) => [...now, ''], items.length);
  return html`<ol class="list-editor">
      ${items.map((item, index) => row(options, what, item, index))}
    </ol>
    ${button({ label: `Add ${what}`, icon: 'plus', look: 'is-quiet is-small', run: add, testid: `add-${field.name}` })}`;
}

/**
 * @param {Options} options
 * @param {(items: string[]) => string[]} step
 * @param {number} index to focus
 */
function change({ onChange, focus }, step, index) {
  onChange(step);
  focus(Math.max(0, index));
}

/**
 * @param {Options} options
 * @param {string} what
 * @param {string} item
 * @param {number} index
 */
function row(options, what, item, index) {
  const { field, items, error, onChange } = options;
  const place = `${what} ${index + 1}`;
  return html`<li class="list-row">
    <textarea
      class="input"
      rows="1"
      dir="auto"
      aria-label=${place}
      aria-describedby=${error ? `${field.name}-text-error` : nothing}
      data-testid="item-${field.name}"
      .value=${live(item)}
      @input=${(/** @type {Event} */ event) => onChange((now) => replaceAt(now, index, /** @type {HTMLTextAreaElement} */ (event.target).value))}
      @keydown=${(/** @type {KeyboardEvent} */ event) => onKey(event, options, index)}
    ></textarea>
    ${tool(`Move ${place} up`, 'arrow-up', () => move(options, index, -1), index === 0 ? 'it is the first' : null)}
    ${tool(`Move ${place} down`, 'arrow-down', () => move(options, index, 1), index === items.length - 1 ? 'it is the last' : null)}
    ${tool(`Remove ${place}`, 'x', () => remove(options, index), null, `remove-${field.name}`)}
  </li>`;
}

/**
 * @param {string} label
 * @param {string} name of the icon
 * @param {() => void} run
 * @param {string|null} reason
 * @param {string} [testid]
 */
const tool = (label, name, run, reason, testid) =>
  button({ label, icon: name, iconOnly: true, look: 'is-quiet is-small', run, reason, ...(testid ? { testid } : {}) });

/**
 * @param {Options} options
 * @param {number} index
 * @param {1|-1} step
 */
const move = (options, index, step) =>
  change(options, (now) => moveBy(now, index, step), Math.max(0, Math.min(options.items.length - 1, index + step)));

/**
 * @param {Options} options
 * @param {number} index
 */
const remove = (options, index) => change(options, (now) => removeAt(now, index), index - 1);

/**
 * @param {KeyboardEvent} event
 * @param {Options} options
 * @param {number} index
 */
function onKey(event, options, index) {
  const { items } = options;
  const key = keyOf(event);
  if (key === 'Enter' && !event.shiftKey && !event.ctrlKey && !event.metaKey)
    change(options, (now) => insertAt(now, index + 1, ''), index + 1);
  else if (event.altKey && key === 'ArrowUp') move(options, index, -1);
  else if (event.altKey && key === 'ArrowDown') move(options, index, 1);
  else if (key === 'Backspace' && items[index] === '' && items.length > 1) remove(options, index);
  else return;
  event.preventDefault();
}
