// @ts-check
/** One task: everything that is known about it, editable in place, live. */

import { html, nothing } from '../vendor/lit-html/lit-html.js';
import { button } from '../elements/button.js';
import { dropZone } from '../elements/files.js';
import { icon } from '../elements/icons.js';
import { unconfinedMark } from '../elements/status.js';
import { userAgents, whyNotRun } from '../lib/agents.js';
import { DESCRIPTION, PLAN_FIELDS } from '../lib/fields.js';
import { isUnfinished } from '../lib/runs.js';
import { titleOf } from '../lib/text.js';
import { createTicker } from '../lib/ticker.js';
import { hasPlan } from '../lib/transitions.js';
import { aboutTemplate } from './task/about.js';
import { actionsOf } from './task/actions.js';
import { deletedTask, failedTask, loadingTask, unknownTask } from './task/absent.js';
import { attachmentsTemplate } from './task/attachments.js';
import { chainTemplate } from './task/chain.js';
import { createField } from './task/field.js';
import { glow } from './task/glow.js';
import { headerTemplate } from './task/header.js';
import { createHistory } from './task/history.js';
import { createOutputs } from './task/outputs.js';
import { createQuestions } from './task/questions.js';
import { createQueue } from './task/queue.js';
import { named } from '../elements/named.js';
import { boundary } from '../elements/boundary.js';

/** @import {App, View} from '../app.js' */
/** @import {FullTask, Task} from '../types.js' */

/**
 * @param {App} app
 * @param {string} id
 * @param {string} firstAnchor the place that the address names
 * @returns {View}
 */
export function createTask(app, id, firstAnchor) {
  const { store, live, actions, uploads, painter, drafts } = app;
  const releases = [
    live.openPart(`task:${id}`),
    live.openPart(`history:${id}`),
    live.openPart(`queue:${id}`),
    live.openPart(`runs:${id}`),
  ];
  const description = createField(app, id, DESCRIPTION);
  const plan = PLAN_FIELDS.map((field) => createField(app, id, field));
  const queue = createQueue(app, id);
  const history = createHistory(app, id);
  const outputs = createOutputs(app);
  const questions = createQuestions(app, id);
  const ticker = createTicker(painter.request);
  let anchor = firstAnchor;
  /** The place of the address has not been shown yet: what it names may still be on its way. */
  let isSought = anchor !== '';
  /** The task as it was shown last. @type {Task|null} */
  let shown = null;
  let isOver = false;

  const zone = dropZone(
    (files) => void uploads.sendAll(id, files),
    (over) => {
      isOver = over;
      painter.request();
    },
  );

  async function remove() {
    const task = store.fullTask(id).task;
    if (task && (await actions.deleteTask(task))) app.router.go('/');
  }

  /* ------------------------------------------------------------ drawing */

  /** @param {FullTask} full */
  function absent({ status, error }) {
    if (shown && status !== 'loading') return deletedTask(titleOf(shown.description), unsavedTexts());
    if (status === 'gone') return unknownTask();
    return status === 'error' ? failedTask(error, () => live.retryPart(`task:${id}`)) : loadingTask();
  }

  const unsavedTexts = () => drafts.keys(`task:${id}:`).map((key) => readable(drafts.get(key)?.text ?? ''));

  /**
   * @param {FullTask} full
   * @param {Task} task
   */
  const page = (full, task) =>
    html`<div
      class="task drop-zone ${isOver ? 'is-over' : ''}"
      @dragover=${zone.over}
      @dragleave=${zone.leave}
      @drop=${zone.drop}
      @paste=${zone.paste}
    >
      ${boundary('The head of this task', () => headerTemplate(app, task, actionsOf(app, task, runs()), () => void remove()))}
      <div class="task-main">
        ${boundary(
          'The description',
          () => description.template(full),
          () => task.description,
        )}
        ${boundary('The questions', () => questions.template(task, full.complete))}
        ${boundary('The runs', () => chainTemplate(app, task, full.complete, anchor.replace(/^run-/, ''), outputs))}
        ${assignedTemplate(task)} ${boundary('The plan', () => planTemplate(full, task))}
      </div>
      <aside class="task-side" aria-label="Files, messages, facts">
        ${boundary('The attachments', () => attachmentsTemplate(app, task, zone.chosen))}
        ${boundary('The message queue', () => queue.template(task))} ${aboutTemplate(app, task)}
      </aside>
      <div class="task-past">${boundary('The history', () => history.template())}</div>
    </div>`;

  /**
   * @param {FullTask} full
   * @param {Task} task
   */
  function planTemplate(full, task) {
    if (hasPlan(task) || plan.some((field) => field.isEditing())) return plan.map((field) => field.template(full));
    return html`<section class="section" data-testid="no-plan" aria-labelledby="title-plan">
      <div class="section-head"><h2 id="title-plan">Plan</h2></div>
      <p class="soft">Not planned yet.</p>
      ${button({ label: 'Add a plan', icon: 'plus', reason: app.blocked() ?? (task.archivedAt === null ? null : 'reopen it first'), run: () => plan[0]?.begin(task), testid: 'add-plan' })}
    </section>`;
  }

  /** @param {Task} task */
  function assignedTemplate(task) {
    if (task.taskType !== 'planned' || !task.assignedAgent) return nothing;
    const name = task.assignedAgent;
    const agent = userAgents(store.state.agents).find((each) => each.name === name);
    const reason = agent ? whyNotRun(agent, store.state.providers) : 'There is no such agent any more.';
    return html`<p class="assigned" data-testid="assigned">
      ${icon('bot')}<span
        >The planner suggests
        <strong>${named(name)}</strong
        >${agent?.unconfined ? html` ${unconfinedMark()}` : nothing}.${reason ? ` ${reason}` : ''}</span
      >
    </p>`;
  }

  const runs = () => store.part(/** @type {const} */ (`runs:${id}`)).data ?? [];

  /** Once what the address names is on the page, the focus goes there. */
  function seek() {
    if (!isSought) return;
    const place = document.getElementById(anchor);
    if (!place) return;
    isSought = false;
    place.scrollIntoView({ block: 'start' });
    if (anchor !== 'questions' || !questions.focus()) place.focus({ preventScroll: true });
  }

  return {
    title: () => (shown ? titleOf(shown.description) : 'Task'),
    template() {
      const full = store.fullTask(id);
      ticker.want(runs().some(({ state }) => isUnfinished(state)));
      return full.task ? page(full, full.task) : absent(full);
    },
    painted(changes) {
      const { task } = store.fullTask(id);
      if (task && shown && changes?.source === 'push') glow(shown, task);
      shown = task ?? shown;
      outputs.painted();
      seek();
    },
    routed(route) {
      if (route.page === 'task') [anchor, isSought] = [route.anchor, route.anchor !== ''];
    },
    leave() {
      ticker.stop();
      outputs.leave();
      for (const release of releases) release();
    },
  };
}

/** A draft of a field is JSON; one of a message is the text itself. @param {string} text */
function readable(text) {
  try {
    const value = JSON.parse(text);
    return Array.isArray(value) ? value.join('\n') : String(value);
  } catch {
    return text;
  }
}
