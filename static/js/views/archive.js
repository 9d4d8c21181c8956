// @ts-check
/** Tasks that have left the board: found by their text, opened, and reopened from their page. */

import { html, nothing } from '../vendor/lit-html/lit-html.js';
import { live as liveValue } from '../vendor/lit-html/directives/live.js';
import { repeat } from '../vendor/lit-html/directives/repeat.js';
import { button } from '../elements/button.js';
import { icon } from '../elements/icons.js';
import { statusTemplate } from '../elements/status.js';
import { plural, titleOf } from '../lib/text.js';
import { ageInWords, iso } from '../lib/time.js';
import { archiveUrl, taskUrl } from '../router.js';
import { failedPart } from './task/failed-part.js';
import { shownText } from '../lib/visible.js';

/** @import {App, View} from '../app.js' */
/** @import {PartView, Task} from '../types.js' */

const PAUSE_MS = 200;
const OLDER = { idle: 'Load older', loading: 'Loading…', failed: 'Loading failed. Try again' };

/**
 * @param {App} app
 * @param {string} firstQuery
 * @returns {View}
 */
export function createArchive(app, firstQuery) {
  const { store, live, router, painter } = app;
  let typed = firstQuery;
  let query = firstQuery;
  let release = live.openPart(`archive:${query}`);
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  let pause;

  const part = () => /** @type {const} */ (`archive:${query}`);

  /** @param {Event} event */
  function onInput(event) {
    typed = /** @type {HTMLInputElement} */ (event.target).value;
    clearTimeout(pause);
    pause = setTimeout(() => router.go(archiveUrl(typed.trim()), { replace: true }), PAUSE_MS);
  }

  /** @param {string} next */
  function show(next) {
    if (next === query) return;
    release();
    query = next;
    if (typed.trim() !== next) typed = next;
    release = live.openPart(part());
  }

  /** @param {Task} task */
  const row = (task) =>
    html`<li class="archived" data-testid="archived-task" data-task-id=${task.id}>
      <a class="archived-link" href=${taskUrl(task.id)} dir="auto">${titleOf(task.description)}</a>
      ${task.taskType === 'planned' && task.summary ? html`<p class="archived-summary" dir="auto">${shownText(task.summary)}</p>` : nothing}
      <div class="archived-foot">
        ${statusTemplate(task.status.type)}<span
          >archived
          <time datetime=${iso(task.archivedAt ?? 0)}>${ageInWords(task.archivedAt ?? 0, live.now())}</time></span
        >
      </div>
    </li>`;

  /** @param {PartView<'archive'>} view */
  function list({ data, status, error }) {
    if (status === 'error') return failedPart('The archive', error, () => live.retryPart(part()));
    if (!data)
      return html`<p class="field-note" aria-busy="true">${icon('loader-circle', 'spin')}<span>Fetching…</span></p>`;
    if (data.tasks.length === 0) return empty();
    return html`<ul class="archived-list" data-testid="archive-list">
        ${repeat(data.tasks, ({ id }) => id, row)}
      </ul>
      ${data.hasOlder ? button({ label: OLDER[data.older], icon: 'history', run: () => live.loadOlder(part()), testid: 'load-older' }) : nothing}`;
  }

  const empty = () =>
    html`<div class="empty" data-testid="archive-empty">
      ${icon('archive')}
      <h2>${query === '' ? 'Nothing is archived yet' : 'No archived task fits'}</h2>
      <p>
        ${query === '' ? 'Completed and failed tasks come here some days after their last change. The settings say how many.' : 'The text is looked for in descriptions and summaries.'}
      </p>
    </div>`;

  /** @param {PartView<'archive'>} view */
  const said = ({ data }) => (data ? `${plural(data.tasks.length, 'archived task')} shown` : '');

  return {
    title: () => 'Archive',
    template() {
      const view = store.part(part());
      return html`<div class="archive">
        <a class="back" href="/">${icon('arrow-left')}Board</a>
        <h1 tabindex="-1">Archive</h1>
        <div class="search" role="search">
          ${icon('search')}<input
            type="search"
            class="input"
            id="search"
            data-testid="archive-search"
            placeholder="Search archived tasks"
            aria-label="Search archived tasks"
            autocomplete="off"
            spellcheck="false"
            dir="auto"
            maxlength="500"
            .value=${liveValue(typed)}
            @input=${onInput}
          />
        </div>
        <p class="unseen" role="status">${said(view)}</p>
        ${list(view)}
      </div>`;
    },
    routed(route) {
      if (route.page === 'archive') show(route.q);
      painter.request();
    },
    leave() {
      clearTimeout(pause);
      release();
    },
  };
}
