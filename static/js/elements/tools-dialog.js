// @ts-check
/** The tools of a run at work: granted and taken for its life only. */

import { html, nothing } from '../vendor/lit-html/lit-html.js';
import { live } from '../vendor/lit-html/directives/live.js';
import { unconfinedAgents } from '../lib/agents.js';
import { isAtWork } from '../lib/runs.js';
import { GRANTABLE_TOOLS } from '../words.js';
import { button } from './button.js';
import { createDialog, dialogHead } from './dialog.js';
import { icon } from './icons.js';
import { unconfinedMark } from './status.js';

/** @import {App} from '../app.js' */
/** @import {Run} from '../types.js' */

/** @param {App} app */
export function createToolsDialog({ store, actions, notices, blocked }) {
  let runId = '';
  /** What the person has switched, by tool: the rest follows what others do. @type {Map<string, boolean>} */
  let switched = new Map();
  let busy = false;
  let error = '';
  const dialog = createDialog('tools-dialog', 'tools-title', template);

  const run = () => store.state.runs.get(runId) ?? null;

  /**
   * @param {Run} current
   * @returns {{addTools: string[], removeTools: string[]}}
   */
  function change({ allowedTools }) {
    const differ = [...switched].filter(([tool, isOn]) => isOn !== allowedTools.includes(tool));
    return {
      addTools: differ.filter(([, isOn]) => isOn).map(([tool]) => tool),
      removeTools: differ.filter(([, isOn]) => !isOn).map(([tool]) => tool),
    };
  }

  /**
   * @param {Run|null} current
   * @returns {string|null}
   */
  function reasonOf(current) {
    if (!current || !isAtWork(current.state)) return 'This run is not at work any more.';
    const { addTools, removeTools } = change(current);
    return blocked() ?? (addTools.length + removeTools.length === 0 ? 'Nothing is changed yet.' : null);
  }

  async function save() {
    const current = run();
    if (busy || !current || reasonOf(current) !== null) return;
    busy = true;
    dialog.draw();
    const failure = await actions.changeTools(current, change(current));
    if (runId !== current.id || !dialog.element.open) return tellLate(current, failure);
    busy = false;
    error = failure ?? '';
    if (failure !== null) return dialog.refresh();
    dialog.close();
  }

  /**
   * The dialog was closed before the answer came.
   * @param {Run} current
   * @param {string|null} failure
   */
  function tellLate({ agentName }, failure) {
    if (failure !== null) notices.error(`The tools of ${agentName} were not changed.`, { advice: failure });
  }

  /**
   * @param {string} tool
   * @param {boolean} isOn
   */
  function toggle(tool, isOn) {
    switched.set(tool, isOn);
    error = '';
    dialog.draw();
  }

  function template() {
    const current = run();
    const reason = reasonOf(current);
    return html`<form @submit=${(/** @type {Event} */ event) => (event.preventDefault(), void save())}>
      ${dialogHead('tools-title', current ? `Tools of ${current.agentName}` : 'Tools', dialog.close)}
      <div class="dialog-body">
        <p class="soft">For this run only. The agent’s own list stays as it is.</p>
        ${current && unconfinedAgents(store.state.agents).has(current.agentName) ? html`<p class="soft">${unconfinedMark()} Its program’s own tools stay on, whatever is chosen here.</p>` : nothing}
        <fieldset class="choices is-grid">
          <legend class="unseen">Tools</legend>
          ${GRANTABLE_TOOLS.map((tool) => row(tool, current))}
        </fieldset>
        ${error ? html`<p class="field-error" role="alert" data-testid="tools-error">${icon('triangle-alert')}<span>${error}</span></p>` : nothing}
      </div>
      <div class="dialog-foot">
        <span class="grow"></span>
        ${button({ label: 'Cancel', run: dialog.close })}
        ${button({ label: busy ? 'Saving…' : 'Save', look: 'is-primary', type: 'submit', run: () => {}, reason, testid: 'tools-save' })}
      </div>
    </form>`;
  }

  /**
   * @param {string} tool
   * @param {Run|null} current
   */
  const row = (tool, current) =>
    html`<label class="choice"
      ><input
        type="checkbox"
        data-testid="tool-${tool}"
        .checked=${live(switched.get(tool) ?? current?.allowedTools.includes(tool) ?? false)}
        @change=${(/** @type {Event} */ event) => toggle(tool, /** @type {HTMLInputElement} */ (event.target).checked)}
      /><code>${tool}</code></label
    >`;

  return {
    /** @param {string} id of the run */
    open(id) {
      [runId, switched, busy, error] = [id, new Map(), false, ''];
      dialog.open();
      dialog.focus('input');
    },
    refresh: dialog.refresh,
  };
}
