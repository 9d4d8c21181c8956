// @ts-check
/** A field for Markdown with a preview. */

import { html, nothing } from '../vendor/lit-html/lit-html.js';
import { live } from '../vendor/lit-html/directives/live.js';
import { markdown } from './markdown.js';
import { keyOf } from '../lib/keys.js';

/**
 * @typedef {Object} WriterOptions
 * @property {string} id
 * @property {string} label
 * @property {string} text
 * @property {boolean} preview
 * @property {string} [placeholder]
 * @property {string|null} [error]
 * @property {string} testid
 * @property {(text: string) => void} onInput
 * @property {(preview: boolean) => void} onTab
 * @property {() => void} redraw
 */

/** For browsers in which a field does not grow with its text. @param {string} text */
const rowsFor = (text) => Math.min(Math.max(text.split('\n').length, 6), 20);

/** @param {WriterOptions} options */
export function writer({ id, label, text, preview, placeholder, error, testid, onInput, onTab, redraw }) {
  return html`<div class="writer">
    <div class="tabs" role="tablist" aria-label=${label} @keydown=${arrows}>
      ${tab(id, 'Write', !preview, () => onTab(false))}${tab(id, 'Preview', preview, () => onTab(true))}
    </div>
    <div role="tabpanel" id="${id}-panel" aria-label=${preview ? 'Preview' : 'Write'} tabindex=${preview ? 0 : nothing}>
      ${
        preview
          ? html`<div class="preview" data-testid="${testid}-preview">
              ${text.trim() === '' ? html`<p class="soft">Nothing to show yet.</p>` : markdown(text, redraw)}
            </div>`
          : html`<textarea
              class="input"
              id=${id}
              rows=${rowsFor(text)}
              dir="auto"
              data-testid=${testid}
              aria-label=${label}
              placeholder=${placeholder ?? nothing}
              aria-invalid=${error ? 'true' : nothing}
              aria-describedby=${error ? `${id}-error` : nothing}
              .value=${live(text)}
              @input=${(/** @type {Event} */ event) => onInput(/** @type {HTMLTextAreaElement} */ (event.target).value)}
            ></textarea>`
      }
    </div>
  </div>`;
}

/**
 * @param {string} id
 * @param {string} label
 * @param {boolean} isSelected
 * @param {() => void} run
 */
const tab = (id, label, isSelected, run) =>
  html`<button
    type="button"
    class="tab"
    role="tab"
    aria-selected=${isSelected}
    aria-controls="${id}-panel"
    tabindex=${isSelected ? 0 : -1}
    data-testid="tab-${label.toLowerCase()}"
    @click=${run}
  >
    ${label}
  </button>`;

/** @param {KeyboardEvent} event */
function arrows(event) {
  if (!['ArrowLeft', 'ArrowRight'].includes(keyOf(event))) return;
  const other = /** @type {HTMLElement|null} */ (
    /** @type {Element} */ (event.currentTarget).querySelector('[aria-selected="false"]')
  );
  other?.click();
  other?.focus();
}
