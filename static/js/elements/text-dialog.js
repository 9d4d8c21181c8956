// @ts-check
/** A dialog that asks for one text before something is done. What is typed survives closing and reloading. */

import { html, nothing } from '../vendor/lit-html/lit-html.js';
import { live } from '../vendor/lit-html/directives/live.js';
import { isSubmit } from '../lib/keys.js';
import { byteLength, formatBytes } from '../lib/text.js';
import { button } from './button.js';
import { createDialog, dialogHead } from './dialog.js';
import { icon } from './icons.js';
import { quoted } from '../lib/visible.js';

/** @import {App} from '../app.js' */

/**
 * @typedef {Object} TextOrder
 * @property {string} title
 * @property {string} intro
 * @property {string} label of the field
 * @property {string} action what the button says
 * @property {string} icon
 * @property {string} draftKey
 * @property {number} mostBytes
 * @property {boolean} [isNeeded] it cannot be empty
 * @property {() => string|null} reason why it cannot be done now
 * @property {(text: string) => Promise<string|null>} submit answers why it was not done
 */

/** @param {App} app */
export function createTextDialog({ drafts, notices, blocked }) {
  /** @type {TextOrder|null} */
  let order = null;
  let busy = false;
  let error = '';
  const dialog = createDialog('text-dialog', 'text-title', () => (order ? template(order) : html``));

  /** @param {TextOrder} current */
  const text = ({ draftKey }) => drafts.get(draftKey)?.text ?? '';

  /** @param {TextOrder} current */
  function problem(current) {
    if (current.isNeeded && text(current).trim() === '') return 'Write something first.';
    const size = byteLength(text(current));
    return size > current.mostBytes
      ? `The text is ${formatBytes(size)}; at most ${current.mostBytes / 1024} KiB are allowed.`
      : null;
  }

  /** @param {TextOrder} current */
  async function submit(current) {
    if (busy) return;
    error = blocked() ?? current.reason() ?? problem(current) ?? '';
    if (error) return void dialog.draw();
    busy = true;
    dialog.draw();
    const sent = text(current);
    const failure = await current.submit(sent.trim());
    if (failure === null && text(current) === sent) drafts.clear(current.draftKey);
    if (order !== current || !dialog.element.open) return tellLate(current, failure);
    busy = false;
    error = failure ?? '';
    if (failure !== null) return dialog.refresh();
    dialog.close();
  }

  /**
   * The dialog was closed before the answer came.
   * @param {TextOrder} current
   * @param {string|null} failure
   */
  function tellLate({ title }, failure) {
    if (failure !== null)
      notices.error(`${quoted(title)} was not done.`, { advice: `${failure} What you typed is kept.` });
  }

  /** @param {TextOrder} current */
  function template(current) {
    const reason = blocked() ?? current.reason();
    return html`<form
      @submit=${(/** @type {Event} */ event) => (event.preventDefault(), void submit(current))}
      @keydown=${(/** @type {KeyboardEvent} */ event) => isSubmit(event) && (event.preventDefault(), void submit(current))}
    >
      ${dialogHead('text-title', current.title, dialog.close)}
      <div class="dialog-body">
        <p class="soft">${current.intro}</p>
        <div class="field">
          <label for="text-field">${current.label}</label>
          <textarea
            class="input"
            id="text-field"
            rows="4"
            dir="auto"
            data-testid="text-input"
            .value=${live(text(current))}
            @input=${(/** @type {Event} */ event) => typed(current, /** @type {HTMLTextAreaElement} */ (event.target).value)}
          ></textarea>
        </div>
        ${reason && !busy ? html`<p class="editor-note" role="status">${icon('info')}<span>${reason}</span></p>` : nothing}
        ${error ? html`<p class="field-error" role="alert" data-testid="text-error">${icon('triangle-alert')}<span>${error}</span></p>` : nothing}
      </div>
      <div class="dialog-foot">
        <span class="grow"></span>
        ${button({ label: 'Cancel', run: dialog.close, testid: 'text-cancel' })}
        ${button({ label: current.action, icon: current.icon, look: 'is-primary', key: 'Ctrl ↵', type: 'submit', run: () => {}, reason, testid: 'text-submit' })}
      </div>
    </form>`;
  }

  /**
   * @param {TextOrder} current
   * @param {string} value
   */
  function typed({ draftKey }, value) {
    drafts.set(draftKey, value);
    error = '';
    dialog.draw();
  }

  return {
    /** @param {TextOrder} next */
    open(next) {
      [order, busy, error] = [next, false, ''];
      dialog.open();
      dialog.focus('textarea');
    },
    refresh: dialog.refresh,
  };
}
