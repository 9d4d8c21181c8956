// @ts-check
/** What every page says while no workspace is open. */

import { html } from '../vendor/lit-html/lit-html.js';
import { icon } from '../elements/icons.js';

/** @import {LiveStatus} from '../types.js' */

/** @param {LiveStatus} status */
export const closedTemplate = ({ reason }) => html`<div class="empty" data-testid="closed">
  ${icon('folder-open')}
  <h1 tabindex="-1">No workspace is open</h1>
  <p data-testid="closed-reason">${withoutLead(reason ?? '')}</p>
  <a class="button is-primary" href="/workspaces" data-testid="closed-link">Go to Workspaces</a>
</div>`;

/** The heading has said so. @param {string} reason */
export const withoutLead = (reason) => reason.replace(/^No workspace is open\.\s*/, '');
