// @ts-check
/** A task on the board. Events are handled by the board: a card has no listeners of its own. */

import { html, nothing } from '../../vendor/lit-html/lit-html.js';
import { icon } from '../../elements/icons.js';
import { agentChip, statusTemplate } from '../../elements/status.js';
import { handoffCount } from '../../lib/board.js';
import { currentAgent, plural, titleOf } from '../../lib/text.js';
import { ageInWords, iso } from '../../lib/time.js';
import { taskUrl } from '../../router.js';
import { isolated, shownText } from '../../lib/visible.js';
import { boundary } from '../../elements/boundary.js';

/** @import {Task} from '../../types.js' */

/**
 * @typedef {Object} CardLook everything beside the task that a card shows
 * @property {string} age
 * @property {number} now
 * @property {boolean} hasFocus it is the one card that Tab reaches
 * @property {string|null} saving
 * @property {boolean} isUnconfined what the agent at it is
 */

/**
 * @param {Task} task
 * @param {CardLook} look
 */
export function cardTemplate(task, look) {
  return html`<li class="card-item">
    ${boundary(
      'This card',
      () => article(task, look),
      () => task.description,
    )}
  </li>`;
}

/**
 * @param {Task} task
 * @param {CardLook} look
 */
function article(task, { age, now, hasFocus, saving, isUnconfined }) {
  const title = titleOf(task.description);
  const word = task.status.type;
  const tabindex = hasFocus ? 0 : -1;
  return html`<article
    class="card ${saving ? 'is-saving' : ''}"
    draggable="true"
    data-testid="card"
    data-task-id=${task.id}
    data-status=${word}
  >
    <h3 class="card-title" dir="auto">
      <a class="card-link" href=${taskUrl(task.id)} draggable="false" tabindex=${tabindex} data-testid="card-link"
        >${title}</a
      >
    </h3>
    ${task.taskType === 'planned' && task.summary ? html`<p class="card-summary" data-testid="card-summary" dir="auto">${shownText(task.summary)}</p>` : nothing}
    ${task.status.type === 'failed' && task.status.message ? failure(task.status.message) : nothing}
    <div class="card-foot">
      ${statusTemplate(word)}<time
        class="card-age"
        datetime=${iso(task.updatedAt)}
        title="Changed ${ageInWords(task.updatedAt, now)}"
        >${age}</time
      >
    </div>
    ${hasFacts(task) ? facts(task, isUnconfined) : nothing}
    ${saving ? html`<p class="card-saving" data-testid="card-saving">${icon('loader-circle', 'spin')}${saving}</p>` : nothing}
    <button
      type="button"
      class="button is-quiet is-small is-icon card-menu"
      data-action="menu"
      data-testid="card-menu"
      tabindex=${tabindex}
      aria-haspopup="menu"
      aria-label="Actions for ${isolated(title)}"
    >
      ${icon('ellipsis')}
    </button>
  </article>`;
}

/** @param {Task} task */
const hasFacts = (task) => task.attachmentCount + handoffCount(task) > 0 || currentAgent(task) !== '';

/**
 * @param {Task} task
 * @param {boolean} isUnconfined
 */
const facts = (task, isUnconfined) =>
  html`<div class="card-foot">
    ${agentChip(task, isUnconfined)}${fact('paperclip', task.attachmentCount, 'attachment')}${fact('arrow-left-right', handoffCount(task), 'hand-off')}
  </div>`;

/** @param {string} message */
const failure = (message) =>
  html`<div class="card-failure" data-testid="card-failure">
    ${icon('triangle-alert')}<span class="card-failure-text" dir="auto">${shownText(message)}</span>
  </div>`;

/**
 * @param {string} name
 * @param {number} count
 * @param {string} what
 */
const fact = (name, count, what) =>
  count === 0
    ? nothing
    : html`<span class="card-fact" title=${plural(count, what)}
        >${icon(name)}<span aria-hidden="true">${count}</span><span class="unseen">${plural(count, what)}</span></span
      >`;
