// @ts-check
/** Starting an agent on a task: who, with which words, or going on where the last one stopped. */

import { html, nothing } from '../vendor/lit-html/lit-html.js';
import { live as liveValue } from '../vendor/lit-html/directives/live.js';
import { unconfinedAgents, userAgents, whyNotRun } from '../lib/agents.js';
import { isSubmit } from '../lib/keys.js';
import { newKey } from '../lib/key.js';
import { promptOf } from '../lib/prompt.js';
import { resumable } from '../lib/runs.js';
import { DESCRIPTION_LIMIT, byteLength, currentAgent, formatBytes, titleOf } from '../lib/text.js';
import { clock } from '../lib/time.js';
import { hasSteps, whyNot } from '../lib/transitions.js';
import { button } from './button.js';
import { createDialog, dialogHead } from './dialog.js';
import { icon } from './icons.js';
import { unconfinedMark } from './status.js';
import { quoted } from '../lib/visible.js';
import { named } from './named.js';

/** @import {App} from '../app.js' */
/** @import {Task, UserAgent} from '../types.js' */

/** @param {App} app */
export function createStart(app) {
  const { store, live, drafts, actions, notices } = app;
  let taskId = '';
  let chosen = '';
  let force = false;
  let busy = false;
  let error = '';
  /** A second try of the same order is the same request. */
  let key = newKey();
  /** @type {(() => void)[]} */
  let releases = [];

  const dialog = createDialog('start-dialog', 'start-title', template, () =>
    releases.splice(0).forEach((release) => release()),
  );
  const task = () => store.fullTask(taskId).task;
  const draftKey = () => `task:${taskId}:start`;
  const runnable = () =>
    userAgents(store.state.agents).filter((agent) => whyNotRun(agent, store.state.providers) === null);
  const runs = () => store.part(/** @type {const} */ (`runs:${taskId}`)).data ?? [];
  /** @param {Task} current */
  const prompt = (current) => drafts.get(draftKey())?.text ?? promptOf(current);

  /** @param {() => void} change */
  function set(change) {
    change();
    key = newKey();
    error = '';
    dialog.draw();
  }

  /** The one that the plan suggests, the one that had it, or the only one. @param {Task} current */
  function likely(current) {
    const names = runnable().map(({ name }) => name);
    const assigned = current.taskType === 'planned' ? current.assignedAgent : null;
    return (
      [assigned, currentAgent(current), names.length === 1 ? names[0] : null].find(
        (name) => name && names.includes(name),
      ) ?? ''
    );
  }

  /** @param {Task} current */
  const needsForce = (current) => current.status.type === 'pending' && !hasSteps(current);

  /**
   * @param {Task} current
   * @returns {string|null}
   */
  function problem(current) {
    const text = prompt(current);
    if (!store.fullTask(taskId).complete) return 'The full text of the task is still being fetched.';
    if (!runnable().some(({ name }) => name === chosen)) return 'Choose an agent first.';
    if (text.trim() === '') return 'Tell the agent what to do.';
    if (byteLength(text) > DESCRIPTION_LIMIT)
      return `The instructions are ${formatBytes(byteLength(text))}; at most 64 KiB are allowed. Shorten them; the agent can read the task itself.`;
    return needsForce(current) && !force
      ? 'The task has no plan yet. Plan it first, or say that it shall start without one.'
      : null;
  }

  /** @param {Task} current */
  const hindrance = (current) =>
    app.saving.of(`task:${taskId}:status`)?.says ?? app.blocked() ?? whyNot(current, 'active');

  async function start() {
    const current = task();
    if (busy || !current) return;
    error = hindrance(current) ?? problem(current) ?? '';
    if (error) return void dialog.draw();
    busy = true;
    dialog.draw();
    const [draft, agentName] = [draftKey(), chosen];
    const sent = drafts.get(draft)?.text;
    const failure = await actions.start(
      current,
      { agentName, prompt: prompt(current), force: needsForce(current) },
      key,
    );
    if (failure === null && drafts.get(draft)?.text === sent) drafts.clear(draft);
    if (taskId !== current.id || !dialog.element.open) return tellLate(current, agentName, failure);
    busy = false;
    error = failure ?? '';
    if (failure !== null) return dialog.refresh();
    dialog.close();
  }

  /**
   * The dialog was closed before the answer came.
   * @param {Task} current
   * @param {string} agent
   * @param {string|null} failure
   */
  function tellLate({ description }, agent, failure) {
    if (failure !== null)
      notices.error(`${agent} was not started on ${quoted(titleOf(description))}.`, { advice: failure });
  }

  /* ------------------------------------------------------------ drawing */

  function template() {
    const current = task();
    if (!current)
      return html`${dialogHead('start-title', 'Start an agent', dialog.close)}
        <div class="dialog-body"><p>This task has been deleted.</p></div>`;
    const reason = hindrance(current);
    return html`<form
      @submit=${(/** @type {Event} */ event) => (event.preventDefault(), void start())}
      @keydown=${onKey}
    >
      ${dialogHead('start-title', 'Start an agent', dialog.close)}
      <div class="dialog-body">
        <p class="soft">on “${named(titleOf(current.description))}”</p>
        ${resumeTemplate(current)} ${agentsTemplate(current)} ${promptTemplate(current)}
        ${needsForce(current) ? forceTemplate() : nothing}
        ${reason && !busy ? html`<p class="editor-note" role="status" data-testid="start-reason">${icon('info')}<span>${reason}</span></p>` : nothing}
        ${error ? html`<p class="field-error" role="alert" data-testid="start-error">${icon('triangle-alert')}<span>${error}</span></p>` : nothing}
      </div>
      <div class="dialog-foot">
        <span class="grow"></span>
        ${button({ label: 'Cancel', run: dialog.close, testid: 'start-cancel' })}
        ${button({ label: busy ? 'Starting…' : chosen ? `Start ${chosen}` : 'Start', icon: 'circle-play', look: 'is-primary', key: 'Ctrl ↵', type: 'submit', run: () => {}, reason, testid: 'start-submit' })}
      </div>
    </form>`;
  }

  /** @param {KeyboardEvent} event */
  function onKey(event) {
    if (!isSubmit(event)) return;
    event.preventDefault();
    void start();
  }

  /** @param {Task} current */
  function resumeTemplate(current) {
    const found = resumable(current, runs());
    if (!found) return nothing;
    const { run, reason } = found;
    const resume = async () => (await actions.resume(run)) && dialog.close();
    return html`<div class="choice-row">
      <div class="grow">
        Go on where
        <strong>${named(run.agentName)}</strong
        >${unconfinedAgents(store.state.agents).has(run.agentName) ? html` ${unconfinedMark()}` : nothing} stopped, in
        the same session${run.resumeAt === null ? '' : ` (it does by itself at ${clock(run.resumeAt)})`}
      </div>
      ${button({ label: `Resume ${run.agentName}`, icon: 'rotate-ccw', reason: app.blocked() ?? reason, run: () => void resume(), testid: 'start-resume' })}
    </div>`;
  }

  /** @param {Task} current */
  function agentsTemplate(current) {
    const all = userAgents(store.state.agents);
    const able = runnable();
    const unable = all.filter((agent) => !able.includes(agent));
    const assigned = current.taskType === 'planned' ? current.assignedAgent : null;
    return html`<fieldset class="choices" data-testid="start-agents">
      <legend>Agent</legend>
      ${able.map((agent) => agentRow(agent, agent.name === assigned))}
      ${able.length === 0 ? html`<p class="soft">${all.length === 0 ? 'There is no agent yet. Create one on the Agents page.' : 'None of them can run now.'}</p>` : nothing}
      ${
        unable.length > 0
          ? html`<details class="fold" ?open=${able.length === 0}>
              <summary>${unable.length} cannot run now</summary>
              <ul class="unable">
                ${unable.map((agent) => html`<li data-testid="unable"><strong>${agent.name}</strong> ${whyNotRun(agent, store.state.providers)}</li>`)}
              </ul>
            </details>`
          : nothing
      }
    </fieldset>`;
  }

  /**
   * @param {UserAgent} agent
   * @param {boolean} isAssigned
   */
  const agentRow = ({ name, provider, model, unconfined }, isAssigned) =>
    html`<label class="choice">
      <input
        type="radio"
        name="agent"
        value=${name}
        .checked=${liveValue(name === chosen)}
        data-testid="agent-${name}"
        @change=${() => set(() => (chosen = name))}
      />
      <span class="choice-name">${name}</span>${unconfined ? unconfinedMark() : nothing}<span class="soft"
        >${provider}${model ? ` / ${model}` : ''}</span
      >${isAssigned ? html`<span class="mark">suggested by the plan</span>` : nothing}
    </label>`;

  /** @param {Task} current */
  function promptTemplate(current) {
    const isEdited = drafts.get(draftKey()) !== null;
    return html`<div class="field">
      <label for="start-prompt">Instructions</label>
      <textarea
        class="input"
        id="start-prompt"
        rows="8"
        dir="auto"
        data-testid="start-prompt"
        aria-describedby="start-note"
        .value=${liveValue(prompt(current))}
        @input=${(/** @type {Event} */ event) => typed(/** @type {HTMLTextAreaElement} */ (event.target).value)}
      ></textarea>
      <p class="field-note" id="start-note">
        ${isEdited ? 'Changed by you. The task itself stays as it is.' : 'Made from the task and its plan. Add what else the agent should know.'}
        ${isEdited ? button({ label: 'Back to the task’s text', icon: 'undo-2', look: 'is-quiet is-small', run: () => set(() => drafts.clear(draftKey())), testid: 'start-reset' }) : nothing}
      </p>
    </div>`;
  }

  /** An emptied field stays empty: without a draft the task's text would come back. @param {string} text */
  function typed(text) {
    set(() => drafts.set(draftKey(), text === '' ? ' ' : text));
  }

  const forceTemplate = () =>
    html`<label class="choice is-warning"
      ><input
        type="checkbox"
        .checked=${liveValue(force)}
        data-testid="start-force"
        @change=${() => set(() => (force = !force))}
      />
      <span
        >Start without a plan. The agent gets only the instructions above: no requirements and no acceptance criteria to
        check itself against.</span
      ></label
    >`;

  return {
    /** @param {string} id of the task */
    open(id) {
      taskId = id;
      releases.splice(0).forEach((release) => release());
      releases = [live.openPart(`task:${id}`), live.openPart(`runs:${id}`)];
      const current = task();
      chosen = current ? likely(current) : '';
      [force, busy, error, key] = [false, false, '', newKey()];
      dialog.open();
      dialog.focus(chosen ? `[value="${CSS.escape(chosen)}"]` : 'input[type="radio"]');
    },
    refresh: dialog.refresh,
  };
}
