// @ts-check
/** Search and filters; the chips count every state, so they are also the board at a glance. */

import { html, nothing } from '../../vendor/lit-html/lit-html.js';
import { live } from '../../vendor/lit-html/directives/live.js';
import { button } from '../../elements/button.js';
import { icon } from '../../elements/icons.js';
import { NO_FILTERS, isFiltering, toggleStatus } from '../../lib/filters.js';
import { archiveUrl } from '../../router.js';
import { STATUS } from '../../lib/statuses.js';
import { oneLine } from '../../lib/visible.js';

/** @import {Columns} from '../../lib/board.js' */
/** @import {Filters} from '../../lib/filters.js' */

/**
 * @param {Filters} filters
 * @param {Columns} columns
 * @param {readonly string[]} agents
 * @param {(filters: Filters, typing?: boolean) => void} change
 */
export const toolbarTemplate = (filters, columns, agents, change) =>
  html`<div class="toolbar" role="search" aria-label="Tasks">
    <div class="search">
      ${icon('search')}
      <input
        type="search"
        class="input"
        id="search"
        data-testid="search"
        placeholder="Search tasks"
        aria-label="Search tasks"
        autocomplete="off"
        spellcheck="false"
        dir="auto"
        maxlength="500"
        aria-keyshortcuts="/"
        .value=${live(filters.q)}
        @input=${(/** @type {InputEvent} */ event) => change({ ...filters, q: valueOf(event) }, true)}
      />
      <kbd class="key wide-only" aria-hidden="true">/</kbd>
    </div>
    <div class="chips" role="group" aria-label="Show only these states">
      ${columns.map(
        ({ status, total }) =>
          html`<button
            type="button"
            class="chip ${total === 0 ? 'is-none' : ''}"
            data-status=${status}
            data-testid="filter-status"
            aria-pressed=${filters.statuses.includes(status)}
            @click=${() => change(toggleStatus(filters, status))}
          >
            ${icon(STATUS[status].icon)}${STATUS[status].label} <span class="count">${total}</span>
          </button>`,
      )}
    </div>
    ${agents.length > 0 || filters.agent ? agentSelect(filters, agents, change) : nothing}
    ${filters.q.trim() === '' ? nothing : html`<a class="button is-quiet" href=${archiveUrl(filters.q.trim())} title="Also look in the archive" data-testid="search-archive">${icon('archive')}<span class="toolbar-label">Also look in the archive</span></a>`}
    ${isFiltering(filters) ? button({ label: 'Clear', icon: 'x', look: 'is-quiet', title: 'Show all tasks', testid: 'clear-filters', run: () => change(NO_FILTERS) }) : nothing}
  </div>`;

/**
 * @param {Filters} filters
 * @param {readonly string[]} agents
 * @param {(filters: Filters) => void} change
 */
function agentSelect(filters, agents, change) {
  const names = filters.agent && !agents.includes(filters.agent) ? [...agents, filters.agent] : agents;
  return html`<select
    class="input"
    data-testid="filter-agent"
    aria-label="Agent"
    @change=${(/** @type {Event} */ event) => change({ ...filters, agent: valueOf(event) })}
  >
    <option value="" .selected=${live(filters.agent === '')}>All agents</option>
    ${names.map((name) => html`<option value=${name} .selected=${live(name === filters.agent)}>${oneLine(name)}</option>`)}
  </select>`;
}

/** @param {Event} event */
const valueOf = (event) => /** @type {HTMLInputElement} */ (event.target).value;
