// @ts-check
/** A button that copies a text. Browsers give the clipboard to secure pages only: elsewhere there is none. */

import { nothing } from '../vendor/lit-html/lit-html.js';
import { button } from './button.js';

/** @import {App} from '../app.js' */

/**
 * @param {App} app
 * @param {{text: string, label: string, done: string, iconOnly?: boolean, testid?: string}} options `done` is said
 *   afterwards
 */
export function copyButton(app, { text, label, done, iconOnly = false, testid }) {
  if (!navigator.clipboard) return nothing;
  return button({
    label,
    icon: 'copy',
    iconOnly,
    look: iconOnly ? 'is-quiet is-small' : 'is-small',
    run: () => void copy(app, text, done),
    ...(testid ? { testid } : {}),
  });
}

/**
 * A browser may say no, for reasons of its own.
 * @param {App} app
 * @param {string} text
 * @param {string} done
 */
export async function copy({ notices }, text, done) {
  try {
    await navigator.clipboard.writeText(text);
    notices.success(done);
  } catch {
    notices.error('The browser did not let Chorus copy that.', { advice: 'Select the text and copy it by hand.' });
  }
}
