// @ts-check
/** An address that means nothing here. */

import { html } from '../vendor/lit-html/lit-html.js';
import { icon } from '../elements/icons.js';

/** @import {View} from '../app.js' */

/**
 * @param {string} path
 * @returns {View}
 */
export function createNotFound(path) {
  return {
    title: () => 'Not found',
    template: () =>
      html`<div class="empty" data-testid="not-found">
        ${icon('circle-question-mark')}
        <h1 tabindex="-1">There is no page here</h1>
        <p>Nothing in Chorus has the address <code>${path}</code>.</p>
        <div class="empty-actions"><a class="button is-primary" href="/">${icon('arrow-left')}Go to the board</a></div>
      </div>`,
  };
}
