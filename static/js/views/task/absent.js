// @ts-check
/** The page of a task that cannot be shown: not yet, not any more, or never. */

import { html, nothing } from '../../vendor/lit-html/lit-html.js';
import { button } from '../../elements/button.js';
import { icon } from '../../elements/icons.js';
import { named } from '../../elements/named.js';

/** @import {PartError} from '../../types.js' */

export const loadingTask = () =>
  html`<div class="empty" aria-busy="true" data-testid="task-loading">
    ${icon('loader-circle', 'spin')}
    <h1 class="unseen" tabindex="-1">Task</h1>
    <p>Fetching the task…</p>
  </div>`;

/**
 * @param {PartError|null} error
 * @param {() => void} retry
 */
export const failedTask = (error, retry) =>
  html`<div class="empty" data-testid="task-error">
    ${icon('cloud-off')}
    <h1 tabindex="-1">The task could not be read</h1>
    <p>${error?.message ?? 'Chorus does not answer.'}</p>
    <div class="empty-actions">${button({ label: 'Try again', icon: 'refresh-cw', run: retry })}${toBoard()}</div>
  </div>`;

export const unknownTask = () =>
  html`<div class="empty" data-testid="task-not-found">
    ${icon('circle-question-mark')}
    <h1 tabindex="-1">There is no such task</h1>
    <p>It may have been deleted, or the address is incomplete.</p>
    <div class="empty-actions">${toBoard()}</div>
  </div>`;

/**
 * What was typed here is still there to be copied.
 * @param {string} title
 * @param {readonly string[]} drafts
 */
export const deletedTask = (title, drafts) =>
  html`<div class="empty" data-testid="task-deleted">
    ${icon('trash-2')}
    <h1 tabindex="-1">This task has been deleted</h1>
    <p>
      “${named(title)}” was deleted while you were looking at it. Whoever deleted it can undo that for a minute; then it
      comes back here.
    </p>
    ${drafts.length > 0 ? rescued(drafts) : nothing}
    <div class="empty-actions">${toBoard()}</div>
  </div>`;

/** @param {readonly string[]} drafts */
const rescued = (drafts) =>
  html`<section class="rescued" aria-label="Your unsaved text">
    <h2>Your unsaved text</h2>
    ${drafts.map((text) => html`<pre tabindex="0" dir="auto">${text}</pre>`)}
  </section>`;

const toBoard = () => html`<a class="button is-primary" href="/">${icon('arrow-left')}Go to the board</a>`;
