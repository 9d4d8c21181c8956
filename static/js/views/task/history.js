// @ts-check
/** What happened to the task, newest first. */

import { html, nothing } from '../../vendor/lit-html/lit-html.js';
import { live } from '../../vendor/lit-html/directives/live.js';
import { repeat } from '../../vendor/lit-html/directives/repeat.js';
import { boundary } from '../../elements/boundary.js';
import { button } from '../../elements/button.js';
import { icon } from '../../elements/icons.js';
import { TOPICS, readable, runIdOf, selectEntries, tell, toolCallOf } from '../../lib/history.js';
import { plural } from '../../lib/text.js';
import { clockSeconds, iso, moment } from '../../lib/time.js';
import { historyUrl, runUrl } from '../../router.js';
import { failedPart } from './failed-part.js';
import { shownText, visible } from '../../lib/visible.js';
import { named } from '../../elements/named.js';

/** @import {App} from '../../app.js' */
/** @import {ToolCall} from '../../lib/history.js' */
/** @import {HistoryFilter} from '../../router.js' */
/** @import {HistoryEntry, PartView} from '../../types.js' */

const LONG = 240;
const OLDER = { idle: 'Load older', loading: 'Loading…', failed: 'Loading failed. Try again' };

/** @param {string} value */
const isLong = (value) => value.length > LONG || value.includes('\n');

/**
 * @param {App} app
 * @param {string} id of the task
 */
export function createHistory(app, id) {
  const part = /** @type {const} */ (`history:${id}`);
  const filter = () => (app.router.route.page === 'task' ? app.router.route : { q: '', topic: '' });
  /** Entries read in full. @type {Map<number, HistoryEntry>} */
  const full = new Map();

  /** @param {number} entryId */
  async function expand(entryId) {
    const entry = await app.actions.readHistoryEntry(id, entryId);
    if (entry) full.set(entryId, entry);
    app.painter.request();
  }

  /** @param {Partial<HistoryFilter>} changed */
  const change = (changed) =>
    app.router.go(historyUrl(id, { ...filter(), ...changed }), { replace: changed.q !== undefined });

  /** @param {Event} event */
  const valueOf = (event) => /** @type {HTMLInputElement} */ (event.target).value;

  /** @param {HistoryEntry} cut */
  function entryTemplate(cut) {
    const entry = full.get(cut.id) ?? cut;
    return boundary('This entry', () => wholeTemplate(entry));
  }

  /** @param {HistoryEntry} entry */
  function wholeTemplate(entry) {
    const told = tell(entry);
    const call = toolCallOf(entry);
    return html`<li class="entry ${told.isBad ? 'is-bad' : ''}" data-testid="entry" data-event=${entry.eventType}>
      ${icon(told.icon)}
      <div class="entry-head">
        <span>${call ? callerOf(entry) : nothing}<span dir="auto">${visible(told.sentence)}</span></span>
        <time datetime=${iso(entry.timestamp)} title=${clockSeconds(entry.timestamp)}
          >${moment(entry.timestamp, app.live.now())}</time
        >
      </div>
      ${call ? callTemplate(entry, call) : told.details.length > 0 ? details(entry, told.details) : nothing}
      ${link(entry)}
    </li>`;
  }

  /**
   * @param {HistoryEntry} entry
   * @param {[string, string][]} pairs
   */
  function details(entry, pairs) {
    const list = html`<dl class="pairs">
        ${pairs.map(
          ([key, value]) =>
            html`<div>
              <dt>${readable(key)}</dt>
              ${isLong(value) ? html`<dd class="is-long" tabindex="0" dir="auto">${shownText(value)}</dd>` : html`<dd dir="auto">${shownText(value)}</dd>`}
            </div>`,
        )}
      </dl>
      ${entry.truncated?.length ? wholeButton(entry) : nothing}`;
    return pairs.some(([, value]) => isLong(value))
      ? html`<details class="fold">
          <summary>Details</summary>
          ${list}
        </details>`
      : list;
  }

  /** Whose call it was. @param {HistoryEntry} entry */
  function callerOf({ data }) {
    const run = app.store.part(/** @type {const} */ (`runs:${id}`)).data?.find((each) => each.id === data['runId']);
    return run ? html`${named(run.agentName)}: ` : nothing;
  }

  /**
   * @param {HistoryEntry} entry
   * @param {ToolCall} call
   */
  const callTemplate = (entry, { input, output, isCut }) =>
    html`<details class="fold" data-testid="tool-call">
      <summary>Input and result</summary>
      <div class="call">
        <h3>Input</h3>
        <pre tabindex="0" dir="auto">${visible(input) || '(nothing)'}</pre>
        <h3>Result</h3>
        <pre tabindex="0" dir="auto">${visible(output) || '(nothing)'}</pre>
        ${isCut ? wholeButton(entry) : nothing}
      </div>
    </details>`;

  /** @param {HistoryEntry} entry */
  const wholeButton = (entry) =>
    full.has(entry.id)
      ? nothing
      : button({ label: 'Show the whole', look: 'is-small', run: () => void expand(entry.id), testid: 'entry-full' });

  /** To the run that the entry speaks of. @param {HistoryEntry} entry */
  function link(entry) {
    const runId = runIdOf(entry);
    return runId === null ? nothing : html`<a class="entry-link" href=${runUrl(id, runId)}>Show the run</a>`;
  }

  /** @param {PartView<'history'>} view */
  function list({ data }) {
    if (!data) return nothing;
    const entries = selectEntries(data.entries, filter());
    return html`<ol class="entries" data-testid="entries">
        ${repeat(entries, (entry) => entry.id, entryTemplate)}
      </ol>
      ${entries.length === 0 ? html`<p class="soft">${data.entries.length === 0 ? 'Nothing happened yet.' : 'No entry fits.'}</p>` : nothing}
      ${data.hasOlder ? button({ label: OLDER[data.older], icon: 'history', run: () => app.live.loadOlder(part), testid: 'load-older' }) : nothing}`;
  }

  function template() {
    const view = app.store.part(part);
    const count = view.data?.entries.length ?? 0;
    const { q, topic: shown } = filter();
    return html`<section class="section" data-section="history" data-testid="history" aria-labelledby="title-history">
      <div class="section-head">
        <h2 id="title-history">
          History <span class="count" title=${plural(count, 'entry', 'entries')}>${count || nothing}</span>
        </h2>
      </div>
      <div class="history-filter">
        <input
          type="search"
          class="input"
          dir="auto"
          placeholder="Filter the history"
          aria-label="Filter the history"
          data-testid="history-search"
          .value=${live(q)}
          @input=${(/** @type {Event} */ event) => change({ q: valueOf(event) })}
        />
        <select
          class="input"
          aria-label="Kind of entry"
          data-testid="history-topic"
          @change=${(/** @type {Event} */ event) => change({ topic: valueOf(event) })}
        >
          <option value="">Everything</option>
          ${Object.entries(TOPICS).map(([topic, name]) => html`<option value=${topic} .selected=${live(topic === shown)}>${name}</option>`)}
        </select>
      </div>
      ${view.status === 'error' ? failedPart('The history', view.error, () => app.live.retryPart(part)) : nothing}
      ${view.status === 'loading' ? html`<p class="soft">Fetching…</p>` : nothing} ${list(view)}
    </section>`;
  }

  return { template };
}
