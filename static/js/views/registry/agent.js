// @ts-check
/** One agent, or a new one. A system agent has instructions only. */

import { html, nothing } from '../../vendor/lit-html/lit-html.js';
import { live } from '../../vendor/lit-html/directives/live.js';
import { button } from '../../elements/button.js';
import { unconfinedMark } from '../../elements/status.js';
import {
  agentBody,
  agentProblems,
  agentValues,
  isAtWork,
  runsOf,
  tasksPlannedFor,
  unreadiness,
} from '../../lib/agent-form.js';
import { NOT_CONFIGURED } from '../../lib/names.js';
import { plural, titleOf } from '../../lib/text.js';
import { TOOL_GROUPS, inOrder } from '../../lib/tools.js';
import { providerUrl, taskUrl } from '../../router.js';
import { described, field, formTemplate, markdownField, selectField, textField } from './fields.js';
import { createForm } from './form.js';
import { backLink, buttonLink, glow, goneTemplate, heading, loadingTemplate, page, sign } from './page.js';
import { deleteAgent, putAgent } from './requests.js';
import { named } from '../../elements/named.js';

/** @import {App, View} from '../../app.js' */
/** @import {ToolGroup} from '../../lib/tools.js' */
/** @import {Agent, Task} from '../../types.js' */
/** @import {Form} from './form.js' */

const NONE = new Map();
const BELONGS = 'It belongs to Chorus, which plans tasks with it.';

/**
 * @param {App} app
 * @param {string|null} name null: a new one
 * @returns {View}
 */
export function createAgent(app, name) {
  const { store, api, painter, router, notices } = app;
  let preview = false;
  let wasThere = false;

  const find = () => (name === null ? null : (store.state.agents.get(name) ?? null));

  const form = createForm(app, {
    key: name === null ? 'new-agent' : `agent:${name}`,
    title: name === null ? 'the new agent' : `“${name}”`,
    thing: /** @returns {Agent|null} */ () => find(),
    valuesOf: agentValues,
    problemsOf: (values) =>
      agentProblems(values, { taken: name === null ? store.state.agents : NONE, providers: store.state.providers }),
    send: (values, agent, key) =>
      agent
        ? putAgent(app, agent, agentBody(agent, values))
        : api.post('/api/agents', agentBody(null, values), { key }),
    saved(_, values) {
      notices.success(name === null ? `Agent “${values.name}” created` : `Agent “${name}” saved`);
      if (name === null) router.go('/agents');
    },
  });

  async function remove() {
    if (name !== null && (await deleteAgent(app, name))) router.go('/agents');
  }

  /* ------------------------------------------------------------ drawing */

  function template() {
    if (store.state.epoch === null) return loadingTemplate(name ?? 'New agent', app);
    const agent = find();
    if (name === null)
      return page('agent-page', html`${backLink('/agents', 'Agents')}${heading('New agent')}`, editor(null));
    if (agent)
      return page(
        'agent-page',
        html`${backLink('/agents', 'Agents')}${heading(name, agent.type === 'internal' ? html`<span class="tag">System</span>` : agent.unconfined ? unconfinedMark() : nothing)}${facts(agent)}`,
        editor(agent),
      );
    return absent(name);
  }

  /** @param {string} gone */
  function absent(gone) {
    const link = buttonLink('/agents', 'All agents');
    if (!wasThere)
      return goneTemplate(
        'agent-unknown',
        'There is no such agent',
        `No agent has the name “${gone}”.`,
        form.rescued(),
        link,
      );
    return goneTemplate(
      'agent-deleted',
      'This agent has been deleted',
      `Whoever deleted “${gone}” can undo that for a minute; then it comes back here.`,
      form.rescued(),
      link,
    );
  }

  /** Whether it works now, and what depends on it. @param {Agent} agent */
  function facts(agent) {
    const { runs, tasks } = store.state;
    const working = runsOf(agent.name, runs.values())
      .filter(isAtWork)
      .flatMap(({ taskId }) => tasks.get(taskId) ?? []);
    const problem = unreadiness(agent, store.state);
    const planned = tasksPlannedFor(agent.name, tasks.values());
    return html`<div class="registry-facts">
      ${problem ? sign('bad', 'triangle-alert', problem) : sign('good', 'circle-check', 'Ready')}
      ${working.length > 0 ? sign('busy', 'circle-play', html`Working on ${links(working)}`) : nothing}
      ${agent.type === 'internal' ? sign('plain', 'lock', html`${BELONGS} Only its instructions can be changed; it runs on the provider chosen in <a href="/settings">Settings</a>.`) : nothing}
      ${
        planned.length > 0
          ? html`<details class="fold" data-testid="planned-for">
              <summary>Suggested by the plan of ${plural(planned.length, 'open task')}</summary>
              <p>${links(planned)}</p>
            </details>`
          : nothing
      }
    </div>`;
  }

  /** @param {readonly Task[]} tasks */
  const links = (tasks) =>
    tasks.map(
      (task, index) =>
        html`${index > 0 ? ', ' : ''}<a href=${taskUrl(task.id)}>${named(titleOf(task.description))}</a>`,
    );

  /** @param {Agent|null} agent */
  function editor(agent) {
    const fields = html` ${agent ? nothing : textField(form, 'name', { label: 'Name', hint: 'How plans and hand-offs call it. It cannot be changed later.', placeholder: 'writer' })}
    ${markdownField(app, form, 'instructions', {
      label: 'Instructions',
      preview,
      placeholder: 'What the agent is for, how it works, when it is done. Markdown works.',
      onTab(next) {
        preview = next;
        painter.request();
      },
    })}
    ${agent?.type === 'internal' ? nothing : html`${runsOn()}${toolsField(form)}${unconfinedField(form)}`}`;
    return formTemplate(app, form, fields, {
      label: agent ? 'Save agent' : 'Create agent',
      tools: agent ? deletion(agent) : nothing,
    });
  }

  function runsOn() {
    const { providers } = store.state;
    const choices = [
      { value: NOT_CONFIGURED, label: 'No provider yet' },
      ...[...providers.keys()].map((each) => ({ value: each, label: each })),
    ];
    const { provider } = form.values();
    const kind = providers.get(provider)?.providerType;
    const hint = providers.has(provider)
      ? html`<a href=${providerUrl(provider)}>About ${provider}</a>`
      : html`Without one it cannot work.
        ${providers.size > 0 ? '' : html`There is none yet: <a href="/providers?new">add a provider</a>.`}`;
    return html`<div class="field-pair">
      ${selectField(form, 'provider', { label: 'Provider', hint, choices })}
      ${textField(form, 'model', { label: 'Model', hint: 'Empty: the provider’s own choice.', placeholder: kind?.type === 'openai-compat' ? kind.defaultModel : '' })}
    </div>`;
  }

  /** @param {Agent} agent */
  function deletion(agent) {
    const busy = runsOf(agent.name, store.state.runs.values()).length > 0;
    const reason =
      agent.type === 'internal'
        ? `${BELONGS} It cannot be deleted.`
        : busy
          ? 'It works on a task: stop it there first.'
          : app.blocked();
    return button({
      label: 'Delete agent',
      icon: 'trash-2',
      look: 'is-quiet is-danger',
      reason,
      run: () => void remove(),
      testid: 'delete',
    });
  }

  return {
    title: () => name ?? 'New agent',
    template,
    painted(changes) {
      wasThere ||= find() !== null;
      if (changes?.source === 'push' && name !== null && changes.agents.has(name) && !form.isDirty())
        glow('data-testid', ['form']);
    },
  };
}

/** @param {Form} form */
function unconfinedField(form) {
  const isOn = /** @type {boolean} */ (form.values().unconfined);
  const hint = 'Chorus turns the program’s own tools off, so that an agent can do only what is ticked above.';
  const says =
    'It keeps its program’s own tools, such as a shell, and works in the initial directory. Nothing is contained then: it can do whatever the user can who runs Chorus. OpenAI-compatible providers have no such tools.';
  return field(
    form,
    'unconfined',
    { label: 'Confinement', hint, say: (value) => (value ? 'Unconfined' : 'Confined') },
    html`<div class="choices">
      <label class="tool">
        <input
          type="checkbox"
          class="check"
          data-testid="input-unconfined"
          aria-describedby=${described(form, 'unconfined', true)}
          .checked=${live(isOn)}
          @change=${() => form.set('unconfined', !isOn)}
        />
        <span>Unconfined<span class="tool-does">${says}</span></span></label
      >
    </div>`,
    true,
  );
}

/** The real tools in named groups. @param {Form} form */
function toolsField(form) {
  const hint = 'What the agent may do. Each always reports its result, and can ask for help.';
  return field(
    form,
    'allowedTools',
    { label: 'Tools', hint, say: (names) => names.join(', ') },
    html`<div class="tool-groups">${TOOL_GROUPS.map((group) => toolGroup(form, group))}</div>`,
    true,
  );
}

/**
 * @param {Form} form
 * @param {ToolGroup} group
 */
function toolGroup(form, { title, tools }) {
  const allowed = /** @type {string[]} */ (form.values().allowedTools);
  const names = tools.map(({ name }) => name);
  const all = names.every((name) => allowed.includes(name));
  const change = (/** @type {string[]} */ next) => form.set('allowedTools', inOrder(next));
  const toggle = (/** @type {string} */ name) =>
    change(allowed.includes(name) ? allowed.filter((each) => each !== name) : [...allowed, name]);
  const toggleAll = () =>
    change(all ? allowed.filter((each) => !names.includes(each)) : [...new Set([...allowed, ...names])]);
  return html`<div
    class="tool-group"
    role="group"
    aria-label=${title}
    aria-describedby=${described(form, 'allowedTools', true)}
  >
    <div class="tool-group-head">
      ${title}
      ${button({ label: all ? 'None' : 'All', title: `${all ? 'No' : 'All'} tools of “${title}”`, look: 'is-quiet is-small', run: toggleAll })}
    </div>
    ${tools.map(
      ({ name, does }) =>
        html`<label class="tool"
          ><input
            type="checkbox"
            class="check"
            data-testid="tool-${name}"
            .checked=${live(allowed.includes(name))}
            @change=${() => toggle(name)}
          />
          <span><code>${name}</code><span class="tool-does">${does}</span></span></label
        >`,
    )}
  </div>`;
}
