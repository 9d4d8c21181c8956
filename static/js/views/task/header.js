// @ts-check
/** The task's name, its state, and what a person may do with it now. */

import { html, nothing } from '../../vendor/lit-html/lit-html.js';
import { button } from '../../elements/button.js';
import { icon } from '../../elements/icons.js';
import { agentChip, statusTemplate } from '../../elements/status.js';
import { titleOf } from '../../lib/text.js';
import { ageInWords, iso } from '../../lib/time.js';
import { movesOf } from '../../lib/transitions.js';

/** @import {App} from '../../app.js' */
/** @import {Move} from '../../lib/transitions.js' */
/** @import {Task} from '../../types.js' */

/** @param {App} app @param {Task} task @param {() => void} remove */
export function headerTemplate(app, task, remove) {
  const progress = app.saving.of(`task:${task.id}:status`) ?? app.saving.of(`task:${task.id}:delete`);
  const word = task.status.type;
  return html`<header class="task-head" data-section="status" data-status=${word} data-testid="task" data-task-id=${task.id}>
    <a class="back" href="/">${icon('arrow-left')}Board</a>
    <h1 tabindex="-1" data-testid="task-title">${titleOf(task.description)}</h1>
    <div class="task-state"><span role="status">${statusTemplate(word, 'is-pill')}</span>${agentChip(task)}
      <span class="soft">changed <time datetime=${iso(task.updatedAt)}>${ageInWords(task.updatedAt, app.live.now())}</time></span>
      ${task.archivedAt === null ? nothing : html`<span class="soft">· archived</span>`}
      ${progress ? html`<span class="section-note" data-testid="task-saving">${icon('loader-circle', 'spin')}${progress.says}</span>` : nothing}</div>
    ${task.status.type === 'failed' && task.status.message ? failure(task.status.message) : nothing}
    <div class="task-actions" role="group" aria-label="Actions" data-testid="actions">
      ${movesOf(task).map((move) => moveButton(app, task, move))}
      <span class="grow"></span>
      ${button({ label: 'Delete', icon: 'trash-2', look: 'is-quiet is-danger', reason: app.blocked(), run: remove, testid: 'delete-task' })}
    </div>
  </header>`;
}

/** @param {App} app @param {Task} task @param {Move} move */
const moveButton = (app, task, { to, verb, icon: name, isLikely }) =>
  button({ label: verb, icon: name, look: isLikely ? 'is-primary' : '', reason: app.blocked(), run: () => void app.actions.move(task, to), testid: `action-${to}` });

/** @param {string} message */
const failure = (message) => html`<div class="card-failure is-whole" data-testid="task-failure">${icon('triangle-alert')}<span>${message}</span></div>`;
