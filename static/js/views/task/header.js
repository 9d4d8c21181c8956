// @ts-check
/** The task's name, its state, and what a person may do with it now. */

import { html, nothing } from '../../vendor/lit-html/lit-html.js';
import { repeat } from '../../vendor/lit-html/directives/repeat.js';
import { button } from '../../elements/button.js';
import { icon } from '../../elements/icons.js';
import { agentChip, statusTemplate } from '../../elements/status.js';
import { unconfinedAgents } from '../../lib/agents.js';
import { currentAgent, titleOf } from '../../lib/text.js';
import { ageInWords, iso } from '../../lib/time.js';
import { shownText } from '../../lib/visible.js';

/** @import {App} from '../../app.js' */
/** @import {Task} from '../../types.js' */
/** @import {TaskAction} from './actions.js' */

/**
 * @param {App} app
 * @param {Task} task
 * @param {readonly TaskAction[]} actions
 * @param {() => void} remove
 */
export function headerTemplate(app, task, actions, remove) {
  const progress = app.saving.of(`task:${task.id}:status`) ?? app.saving.of(`task:${task.id}:delete`);
  const word = task.status.type;
  const isUnconfined = unconfinedAgents(app.store.state.agents).has(currentAgent(task));
  return html`<header
    class="task-head"
    data-section="status"
    data-status=${word}
    data-testid="task"
    data-task-id=${task.id}
  >
    <a class="back" href="/">${icon('arrow-left')}Board</a>
    <h1 tabindex="-1" data-testid="task-title" dir="auto">${titleOf(task.description)}</h1>
    <div class="task-state">
      <span role="status">${statusTemplate(word, 'is-pill')}</span>${agentChip(task, isUnconfined)}
      <span class="soft"
        >changed <time datetime=${iso(task.updatedAt)}>${ageInWords(task.updatedAt, app.live.now())}</time></span
      >
      ${task.archivedAt === null ? nothing : html`<span class="field-note" data-testid="archived">${icon('archive')}<span>archived ${ageInWords(task.archivedAt, app.live.now())}: reopen it to change it</span></span>`}
      ${progress ? html`<span class="section-note" data-testid="task-saving">${icon('loader-circle', 'spin')}${progress.says}</span>` : nothing}
    </div>
    ${task.status.type === 'failed' && task.status.message ? failure(task.status.message) : nothing}
    <div class="task-actions" role="group" aria-label="Actions" data-testid="actions">
      ${repeat(actions, ({ id }) => id, actionButton)}
      <span class="grow"></span>
      ${button({ label: 'Delete', icon: 'trash-2', look: 'is-quiet is-danger', reason: app.blocked() ?? worksOn(app, task), run: remove, testid: 'delete-task' })}
    </div>
    ${whyNotTemplate(actions)}
  </header>`;
}

/** @param {TaskAction} action */
const actionButton = ({ id, label, icon: name, isLikely, reason, run }) =>
  button({ label, icon: name, look: isLikely ? 'is-primary' : '', reason, run, testid: `action-${id}` });

/**
 * The likeliest step says in sight what hinders it: a phone shows no tooltips.
 * @param {readonly TaskAction[]} actions
 */
function whyNotTemplate(actions) {
  const [first] = actions;
  return first?.hindrance
    ? html`<p class="field-note" data-testid="action-reason">
        ${icon('info')}<span>${first.label}: ${first.hindrance}</span>
      </p>`
    : nothing;
}

/**
 * @param {App} app
 * @param {Task} task
 */
const worksOn = (app, task) =>
  [...app.store.state.runs.values()].some(({ taskId }) => taskId === task.id)
    ? 'An agent works on it. Stop it first.'
    : null;

/** @param {string} message */
const failure = (message) =>
  html`<div class="card-failure is-whole" data-testid="task-failure">
    ${icon('triangle-alert')}<span dir="auto">${shownText(message)}</span>
  </div>`;
