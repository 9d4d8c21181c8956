// @ts-check
/** The list of shortcuts. */

import { html } from '../vendor/lit-html/lit-html.js';
import { SHORTCUTS } from '../lib/shortcuts.js';
import { createDialog, dialogHead } from './dialog.js';

export function createHelp() {
  const dialog = createDialog(
    'help-dialog',
    'help-title',
    () =>
      html`${dialogHead('help-title', 'Keyboard shortcuts', () => dialog.close())}
        <div class="dialog-body shortcuts">
          ${SHORTCUTS.map(
            ({ title, shortcuts }) =>
              html`<section>
                <h3>${title}</h3>
                <dl>
                  ${shortcuts.map(
                    ({ keys, does }) =>
                      html`<div class="shortcut">
                        <dt>${does}</dt>
                        <dd>${keys.map((key) => html`<kbd class="key">${key}</kbd>`)}</dd>
                      </div>`,
                  )}
                </dl>
              </section>`,
          )}
        </div>`,
  );
  return dialog;
}
