// @ts-check
/** The list of shortcuts. */

import { html } from '../vendor/lit-html/lit-html.js';
import { SHORTCUTS } from '../lib/shortcuts.js';
import { button } from './button.js';
import { createDialog } from './dialog.js';

export function createHelp() {
  const dialog = createDialog('help-dialog', 'help-title', () => html`
    <div class="dialog-head"><h2 id="help-title">Keyboard shortcuts</h2>
      ${button({ label: 'Close', icon: 'x', iconOnly: true, look: 'is-quiet', run: () => dialog.close() })}</div>
    <div class="dialog-body shortcuts">${SHORTCUTS.map(({ title, shortcuts }) => html`<section>
      <h3>${title}</h3>
      <dl>${shortcuts.map(({ keys, does }) => html`<div class="shortcut"><dt>${does}</dt><dd>${keys.map((key) => html`<kbd class="key">${key}</kbd>`)}</dd></div>`)}</dl>
    </section>`)}</div>`);
  return dialog;
}
