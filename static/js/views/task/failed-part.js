// @ts-check
/** A part of the page that could not be read: why, and once more. */

import { html } from '../../vendor/lit-html/lit-html.js';
import { button } from '../../elements/button.js';
import { icon } from '../../elements/icons.js';

/** @import {PartError} from '../../types.js' */

/**
 * @param {string} what
 * @param {PartError|null} error
 * @param {() => void} retry
 */
export const failedPart = (what, error, retry) =>
  html`<p class="field-error" role="alert" data-testid="part-error">
      ${icon('triangle-alert')}<span>${what} could not be read. ${error?.message ?? ''}</span>
    </p>
    ${button({ label: 'Try again', icon: 'refresh-cw', look: 'is-small', run: retry, testid: 'part-retry' })}`;
