// @ts-check
/**
 * Nothing to show: at the very beginning, when nothing fits, when it could not be read, and while no workspace is open.
 */

import { html, nothing } from '../../vendor/lit-html/lit-html.js';
import { button } from '../../elements/button.js';
import { icon } from '../../elements/icons.js';
import { archiveUrl } from '../../router.js';

/** @import {LiveStatus} from '../../types.js' */

/**
 * @param {() => void} openNewTask
 * @param {string|null} blocked
 */
export const firstTask = (openNewTask, blocked) =>
  html`<div class="empty board-empty" data-testid="board-empty">
    ${icon('columns-3')}
    <h2>No tasks yet</h2>
    <p>
      Describe what you want done. It starts in Pending, is planned, and moves across the board while agents work on it.
    </p>
    ${button({ label: 'New task', icon: 'plus', key: 'n', look: 'is-primary', run: openNewTask, reason: blocked, testid: 'empty-new-task' })}
  </div>`;

/**
 * @param {() => void} clear
 * @param {string} q
 */
export const nothingFits = (clear, q) =>
  html`<div class="empty board-empty" data-testid="board-no-match">
    ${icon('search')}
    <h2>No task fits these filters</h2>
    ${button({ label: 'Show all tasks', run: clear, testid: 'no-match-clear' })}
    ${q.trim() === '' ? nothing : html`<a href=${archiveUrl(q.trim())}>Look in the archive</a>`}
  </div>`;

/**
 * @param {LiveStatus} status
 * @param {() => void} retry
 */
export const unreadable = ({ reason, advice }, retry) =>
  html`<div class="empty board-empty" data-testid="board-error">
    ${icon('cloud-off')}
    <h2>The board could not be read</h2>
    <p>${reason ?? 'Chorus does not answer.'}</p>
    ${advice ? html`<p>${advice}</p>` : nothing}
    ${button({ label: 'Try now', icon: 'refresh-cw', run: retry, testid: 'board-retry' })}
  </div>`;

/** What every page says while no workspace is open. @param {LiveStatus} status */
export const closedTemplate = ({ reason }) =>
  html`<div class="empty" data-testid="closed">
    ${icon('folder-open')}
    <h1 tabindex="-1">No workspace is open</h1>
    <p data-testid="closed-reason">${withoutLead(reason ?? '')}</p>
    <a class="button is-primary" href="/workspaces" data-testid="closed-link">Go to Workspaces</a>
  </div>`;

/** The heading has said so. @param {string} reason */
export const withoutLead = (reason) => reason.replace(/^No workspace is open\.\s*/, '');
