// @ts-check
/** All agents: on what they run, whether they can, and whether they do. Several get a provider at once. */

import { html, nothing } from '../../vendor/lit-html/lit-html.js';
import { live } from '../../vendor/lit-html/directives/live.js';
import { repeat } from '../../vendor/lit-html/directives/repeat.js';
import { button } from '../../elements/button.js';
import { icon } from '../../elements/icons.js';
import { unconfinedMark } from '../../elements/status.js';
import { agentBody, agentValues, isAtWork, providerOf, runsOf, unreadiness } from '../../lib/agent-form.js';
import { reasonOf } from '../../lib/failures.js';
import { NOT_CONFIGURED, listed } from '../../lib/names.js';
import { plural } from '../../lib/text.js';
import { agentUrl } from '../../router.js';
import { emptyTemplate, glow, heading, loadingTemplate, page, sign } from './page.js';
import { putAgent } from './requests.js';

/** @import {App, View} from '../../app.js' */
/** @import {Agent, UserAgent} from '../../types.js' */

/**
 * @param {App} app
 * @returns {View}
 */
export function createAgentList(app) {
  const { store, drafts, notices, painter, router } = app;
  /** Names of the agents that get a provider together; null: nobody is choosing. @type {Set<string>|null} */
  let chosen = null;
  let provider = NOT_CONFIGURED;
  let model = '';
  let busy = false;

  /** @param {() => void} change */
  function set(change) {
    change();
    painter.request();
  }

  /** @param {string} name */
  function toggle(name) {
    set(() => void (chosen?.delete(name) || chosen?.add(name)));
  }

  /** Those of them that are still there. */
  const targets = () =>
    [...(chosen ?? [])]
      .flatMap((name) => store.state.agents.get(name) ?? [])
      .filter((agent) => agent.type === 'user_defined');

  const agents = () =>
    [...store.state.agents.values()].sort((a, b) =>
      a.type === b.type ? a.name.localeCompare(b.name) : a.type === 'internal' ? 1 : -1,
    );

  /** One request each: who fails is told, the others are done. */
  async function apply() {
    if (busy) return;
    const meant = targets();
    set(() => (busy = true));
    const results = await Promise.allSettled(meant.map((agent) => assign(agent)));
    const failed = meant.filter((_, index) => results[index]?.status === 'rejected');
    set(() => {
      busy = false;
      chosen = failed.length > 0 ? new Set(failed.map(({ name }) => name)) : null;
    });
    const done = meant.length - failed.length;
    if (done > 0) notices.success(`${plural(done, 'agent')} changed`);
    const first = results.find((result) => result.status === 'rejected');
    if (first)
      notices.error(`${listed(failed.map(({ name }) => name))} could not be changed.`, {
        advice: reasonOf(first.reason),
      });
  }

  /** @param {UserAgent} agent */
  const assign = (agent) => putAgent(app, agent, agentBody(agent, { ...agentValues(agent), provider, model }));

  /* ------------------------------------------------------------ drawing */

  /** @param {Agent} agent */
  function row(agent) {
    const { state } = store;
    const isSystem = agent.type === 'internal';
    const runsOn = providerOf(agent, state.config);
    const mark = isSystem ? html`<span class="tag">System</span>` : nothing;
    return html`<li class="row" data-agent=${agent.name} data-testid="agent-row">
      ${chosen && !isSystem ? choice(agent.name) : nothing}
      <div class="row-main">
        <span class="row-name"
          ><a href=${agentUrl(agent.name)} class="row-link">${agent.name}</a
          >${mark}${!isSystem && agent.unconfined ? unconfinedMark() : nothing}${drafts.get(`agent:${agent.name}`) ? html`<span class="tag is-draft">Unsaved changes</span>` : nothing}</span
        >
        <span class="row-note"
          >${runsOn === NOT_CONFIGURED ? 'No provider' : runsOn}${!isSystem && agent.model ? ` / ${agent.model}` : ''} ·
          ${isSystem ? 'plans tasks' : plural(agent.allowedTools.length, 'tool')}</span
        >
      </div>
      ${condition(agent)}
    </li>`;
  }

  /** @param {Agent} agent */
  function condition(agent) {
    const runs = runsOf(agent.name, store.state.runs.values()).filter(isAtWork);
    const problem = unreadiness(agent, store.state);
    if (runs.length > 0) return sign('busy', 'circle-play', `Working on ${plural(runs.length, 'task')}`);
    return problem ? sign('bad', 'triangle-alert', 'Needs a provider') : sign('good', 'circle-check', 'Ready');
  }

  /** @param {string} name */
  const choice = (name) =>
    html`<input
      type="checkbox"
      class="check"
      aria-label="Choose ${name}"
      data-testid="choose-${name}"
      .checked=${live(chosen?.has(name) ?? false)}
      @change=${() => toggle(name)}
    />`;

  function bulkBar() {
    if (!chosen) return nothing;
    const reason = app.blocked() ?? (targets().length === 0 ? 'choose agents first' : null);
    return html`<div class="bulk" role="group" aria-label="Provider for the chosen agents" data-testid="bulk">
      <label
        >Provider
        <select
          class="input"
          data-testid="bulk-provider"
          @change=${(/** @type {Event} */ event) => set(() => (provider = /** @type {HTMLSelectElement} */ (event.target).value))}
        >
          <option value=${NOT_CONFIGURED} .selected=${live(provider === NOT_CONFIGURED)}>No provider</option>
          ${[...store.state.providers.keys()].map((name) => html`<option value=${name} .selected=${live(provider === name)}>${name}</option>`)}
        </select></label
      >
      <label
        >Model
        <input
          class="input"
          placeholder="Provider’s default"
          .value=${live(model)}
          data-testid="bulk-model"
          @input=${(/** @type {Event} */ event) => set(() => (model = /** @type {HTMLInputElement} */ (event.target).value))}
      /></label>
      ${button({ label: busy ? 'Saving…' : `Set for ${plural(targets().length, 'agent')}`, look: 'is-primary', reason, run: () => void apply(), testid: 'bulk-apply' })}
    </div>`;
  }

  const choosing = () =>
    button({
      label: chosen ? 'Cancel' : 'Set provider',
      run: () => set(() => (chosen = chosen ? null : new Set())),
      testid: 'bulk-start',
      ...(chosen ? {} : { icon: 'plug', title: 'Give several agents a provider at once' }),
    });

  const create = (look = 'is-primary') =>
    button({ label: 'New agent', icon: 'plus', look, run: () => router.go('/agents?new'), testid: 'new-agent' });

  function template() {
    if (store.state.epoch === null) return loadingTemplate('Agents', app);
    const all = agents();
    const list =
      all.length > 0
        ? html`<ul class="rows" data-testid="agents">
            ${repeat(all, ({ name }) => name, row)}
          </ul>`
        : emptyTemplate(
            'bot',
            'No agents yet',
            'An agent has instructions, tools and a provider it runs on.',
            create(),
          );
    return page(
      'agents-page',
      html`${heading('Agents')}
        <div class="registry-tools">${choosing()}${create()}</div>
        <p class="soft">
          Who can work on tasks, with which instructions and tools, and on what they run. ${providerHint()}
        </p>`,
      html`${bulkBar()}${list}`,
    );
  }

  function providerHint() {
    return store.state.providers.size > 0
      ? nothing
      : html`<strong class="hint-strong"
          >${icon('info')}<span
            >No agent can work before there is a <a href="/providers?new">provider</a>.</span
          ></strong
        >`;
  }

  return {
    title: () => 'Agents',
    template,
    painted(changes) {
      if (changes?.source === 'push') glow('data-agent', changes.agents);
    },
  };
}
