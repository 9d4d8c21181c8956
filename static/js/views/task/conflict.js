// @ts-check
/** Two versions of the same text, side by side, and the choice between them. */

import { html } from '../../vendor/lit-html/lit-html.js';
import { button } from '../../elements/button.js';
import { icon } from '../../elements/icons.js';
import { visible } from '../../lib/visible.js';

/** @import {Field, FieldValue} from '../../lib/fields.js' */

/**
 * @param {Field} field
 * @param {FieldValue} mine
 * @param {FieldValue} theirs
 * @param {{mine: () => void, theirs: () => void, edit: () => void}} choose
 */
export const conflictTemplate = (field, mine, theirs, choose) =>
  html`<div class="conflict" role="group" aria-label="Two versions of ${field.label}" data-testid="conflict">
    <p class="conflict-title" role="alert">
      ${icon('triangle-alert')}Somebody else changed this while you were editing. Nothing is lost: choose.
    </p>
    <div class="conflict-panes">
      ${version('Yours', mine, button({ label: 'Save mine', look: 'is-primary', run: choose.mine, testid: 'conflict-mine' }), 'conflict-yours')}
      ${version('Theirs', theirs, button({ label: 'Use theirs', run: choose.theirs, testid: 'conflict-theirs' }), 'conflict-other')}
    </div>
    ${button({ label: 'Go on editing mine', icon: 'pencil', look: 'is-quiet', run: choose.edit, testid: 'conflict-edit' })}
  </div>`;

/**
 * @param {string} title
 * @param {FieldValue} value
 * @param {unknown} action
 * @param {string} testid
 */
const version = (title, value, action, testid) =>
  html`<section class="conflict-pane" data-testid=${testid}>
    <h3>${title}</h3>
    <div class="conflict-text" tabindex="0" role="group" aria-label=${title} dir="auto">${visible(textOf(value))}</div>
    ${action}
  </section>`;

/** @param {FieldValue} value */
const textOf = (value) =>
  (typeof value === 'string' ? value : value.map((item, index) => `${index + 1}. ${item}`).join('\n')) || '(empty)';
