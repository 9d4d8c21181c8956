// @ts-check
/** One kind of button. One that cannot work now stays reachable and says why. */

import { html, nothing } from '../vendor/lit-html/lit-html.js';
import { icon } from './icons.js';

/**
 * @typedef {Object} ButtonOptions
 * @property {string} label
 * @property {(event: Event) => void} run
 * @property {string} [icon]
 * @property {boolean} [iconOnly]
 * @property {string} [look] more classes: is-primary, is-quiet, is-danger, is-small
 * @property {string|null} [reason] why it cannot work now
 * @property {string} [key] its shortcut
 * @property {string} [testid]
 * @property {string} [title]
 * @property {'button'|'submit'} [type]
 */

/** @param {ButtonOptions} options */
export function button({
  label,
  run,
  icon: name,
  iconOnly = false,
  look = '',
  reason = null,
  key,
  testid,
  title,
  type = 'button',
}) {
  return html`<button
    type=${type}
    class="button ${look} ${iconOnly ? 'is-icon' : ''}"
    data-testid=${testid ?? nothing}
    title=${reason ?? title ?? (iconOnly ? label : nothing)}
    aria-disabled=${reason ? 'true' : nothing}
    @click=${(/** @type {Event} */ event) => (reason ? event.preventDefault() : run(event))}
  >
    ${name ? icon(name) : nothing}<span class=${iconOnly ? 'unseen' : nothing}>${label}</span>
    ${reason ? html`<span class="unseen">(not possible now: ${reason})</span>` : nothing}
    ${key ? html`<kbd class="key wide-only" aria-hidden="true">${key}</kbd>` : nothing}
  </button>`;
}
