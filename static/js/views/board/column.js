// @ts-check
/** One state of the board: its head, and its cards from the last changed on. */

import { html, nothing } from '../../vendor/lit-html/lit-html.js';
import { guard } from '../../vendor/lit-html/directives/guard.js';
import { repeat } from '../../vendor/lit-html/directives/repeat.js';
import { icon } from '../../elements/icons.js';
import { STATUS } from '../../lib/statuses.js';
import { currentAgent } from '../../lib/text.js';
import { age } from '../../lib/time.js';
import { cardTemplate } from './card.js';

/** @import {Column} from '../../lib/board.js' */
/** @import {Task} from '../../types.js' */

/**
 * @typedef {Object} ColumnLook
 * @property {number} limit how many cards at most
 * @property {boolean} collapsed
 * @property {boolean} loading
 * @property {boolean} filtering
 * @property {string|null} focusId
 * @property {number} now
 * @property {ReadonlySet<string>} unconfined names of agents
 * @property {(task: Task) => string|null} savingOf
 * @property {{isTarget: boolean, isOver: boolean, reason: string|null}|null} drag while a card is dragged
 */

/**
 * @param {Column} column
 * @param {ColumnLook} look
 */
export function columnTemplate(column, look) {
  const { status, tasks, total } = column;
  const { label, icon: name } = STATUS[status];
  const { collapsed, drag } = look;
  return html`<section
    class="column ${collapsed ? 'is-collapsed' : ''} ${dragClass(drag)}"
    data-column=${status}
    data-testid="column"
    aria-labelledby="column-${status}"
  >
    <header class="column-head">
      <h2 id="column-${status}">
        ${icon(name)}${label}
        <span class="count" data-testid="column-count"
          >${look.filtering && tasks.length !== total ? partOf(tasks.length, total) : total}</span
        >
        <span class="unseen">${total === 1 ? 'task' : 'tasks'}</span>
      </h2>
      <button
        type="button"
        class="button is-quiet is-small is-icon"
        data-action="collapse"
        data-testid="collapse"
        aria-expanded=${!collapsed}
        aria-controls="cards-${status}"
        aria-label="${label} column"
        title="${collapsed ? 'Show' : 'Hide'} the cards"
      >
        ${icon(collapsed ? 'chevrons-left-right' : 'chevrons-right-left')}
      </button>
    </header>
    ${drag?.isOver && drag.reason ? html`<p class="column-reason" data-testid="column-reason">${drag.reason}</p>` : nothing}
    <div class="column-body" id="cards-${status}" ?hidden=${collapsed}>
      ${collapsed ? nothing : cards(column, look)}
    </div>
  </section>`;
}

/**
 * @param {number} part
 * @param {number} total
 */
const partOf = (part, total) => html`${part}<span aria-hidden="true">/</span><span class="unseen"> of </span>${total}`;

/** @param {ColumnLook['drag']} drag */
function dragClass(drag) {
  if (!drag) return '';
  return `${drag.isTarget ? 'is-target' : drag.reason ? 'is-closed' : ''} ${drag.isOver ? 'is-over' : ''}`;
}

/**
 * @param {Column} column
 * @param {ColumnLook} look
 */
function cards({ status, tasks, total }, look) {
  if (look.loading)
    return html`<div class="column-list" aria-hidden="true">
      <div class="skeleton"></div>
      <div class="skeleton"></div>
    </div>`;
  if (tasks.length === 0)
    return html`<p class="column-empty" data-testid="column-empty">
      ${total > 0 ? 'None fits the filters' : STATUS[status].empty}
    </p>`;
  const visible = tasks.slice(0, look.limit);
  const rest = tasks.length - visible.length;
  return html`<ul class="column-list">
      ${repeat(
        visible,
        (task) => task.id,
        (task) => card(task, look),
      )}
    </ul>
    ${rest > 0 ? html`<button type="button" class="button is-quiet column-more" data-action="more" data-testid="column-more">${icon('chevron-down')}Show ${rest} more</button>` : nothing}`;
}

/**
 * @param {Task} task
 * @param {ColumnLook} look
 */
function card(task, { now, focusId, unconfined, savingOf }) {
  const look = {
    age: age(task.updatedAt, now),
    now,
    hasFocus: task.id === focusId,
    saving: savingOf(task),
    isUnconfined: unconfined.has(currentAgent(task)),
  };
  return guard([task, look.age, look.hasFocus, look.saving, look.isUnconfined], () => cardTemplate(task, look));
}
