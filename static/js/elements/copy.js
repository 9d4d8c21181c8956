// @ts-check
/** A button that copies a text. Browsers give the clipboard to secure pages only: elsewhere there is none. */

import { nothing } from '../vendor/lit-html/lit-html.js';
import { button } from './button.js';

/** @import {App} from '../app.js' */

/** @param {App} app @param {{text: string, label: string, done: string, iconOnly?: boolean, testid?: string}} options `done` is said afterwards */
export function copyButton(app, { text, label, done, iconOnly = false, testid }) {
  if (!navigator.clipboard) return nothing;
  const run = async () => {
    await navigator.clipboard.writeText(text);
    app.notices.success(done);
  };
  return button({ label, icon: 'copy', iconOnly, look: iconOnly ? 'is-quiet is-small' : 'is-small', run: () => void run(), ...(testid ? { testid } : {}) });
}
