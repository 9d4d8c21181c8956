// @ts-check
/** One provider, or a new one. A key goes in and never comes out. */

import { html, nothing } from '../../vendor/lit-html/lit-html.js';
import { live } from '../../vendor/lit-html/directives/live.js';
import { button } from '../../elements/button.js';
import { unconfinedMark } from '../../elements/status.js';
import { unconfinedAgents } from '../../lib/agents.js';
import {
  KINDS,
  PRESETS,
  keyWords,
  kindLabel,
  presetOf,
  providerBody,
  providerProblems,
  providerValues,
  usersOf,
} from '../../lib/providers.js';
import { agentUrl } from '../../router.js';
import { described, field, formTemplate, textField } from './fields.js';
import { createForm } from './form.js';
import { backLink, buttonLink, glow, goneTemplate, heading, loadingTemplate, page, sign } from './page.js';
import { createProviderTests } from './provider-test.js';
import { deleteProvider, putProvider } from './requests.js';

/** @import {App, View} from '../../app.js' */
/** @import {Provider} from '../../types.js' */

const NONE = new Map();
const CUSTOM = 'custom';

/**
 * @param {App} app
 * @param {string|null} name null: a new one
 * @returns {View}
 */
export function createProvider(app, name) {
  const { store, api, router, notices } = app;
  const tests = createProviderTests(app);
  let wasThere = false;

  const find = () => (name === null ? null : (store.state.providers.get(name) ?? null));

  const form = createForm(app, {
    key: name === null ? 'new-provider' : `provider:${name}`,
    title: name === null ? 'the new provider' : `“${name}”`,
    secrets: ['apiKey'],
    thing: /** @returns {Provider|null} */ () => find(),
    valuesOf: providerValues,
    problemsOf: (values) => providerProblems(values, name === null ? store.state.providers : NONE),
    send: (values, provider, key) =>
      provider
        ? putProvider(app, provider, providerBody(provider, values))
        : api.post('/api/providers', providerBody(null, values), { key }),
    saved(_, values) {
      notices.success(name === null ? `Provider “${values.name}” created` : `Provider “${name}” saved`);
      if (name === null) router.go('/providers');
    },
  });

  async function remove() {
    if (name !== null && (await deleteProvider(app, name, usersOf(name, store.state).system))) router.go('/providers');
  }

  /* ------------------------------------------------------------ drawing */

  function template() {
    if (store.state.epoch === null) return loadingTemplate(name ?? 'New provider', app);
    const provider = find();
    if (name === null)
      return page(
        'provider-page',
        html`${backLink('/providers', 'Providers')}${heading('New provider')}`,
        editor(null),
      );
    if (provider)
      return page(
        'provider-page',
        html`${backLink('/providers', 'Providers')}${heading(name, html`<span class="tag">${kindLabel(provider)}</span>`)}${users(name)}${test(provider)}`,
        editor(provider),
      );
    const link = buttonLink('/providers', 'All providers');
    if (!wasThere)
      return goneTemplate(
        'provider-unknown',
        'There is no such provider',
        `No provider has the name “${name}”.`,
        form.rescued(),
        link,
      );
    return goneTemplate(
      'provider-deleted',
      'This provider has been deleted',
      `Whoever deleted “${name}” can undo that for a minute; then it comes back here.`,
      form.rescued(),
      link,
    );
  }

  /** Who loses it, should it be deleted. @param {string} of */
  function users(of) {
    const { agents, system } = usersOf(of, store.state);
    if (agents.length === 0 && !system)
      return html`<div class="registry-facts">${sign('plain', 'circle-dashed', 'Nothing runs on it yet.')}</div>`;
    const unconfined = unconfinedAgents(store.state.agents);
    const names = [
      ...agents.map(
        (agent) =>
          html`<a href=${agentUrl(agent)}>${agent}</a>${unconfined.has(agent) ? html` ${unconfinedMark()}` : nothing}`,
      ),
      ...(system ? [html`<a href="/settings">the planner</a>`] : []),
    ];
    return html`<div class="registry-facts" data-testid="users">
      ${sign('good', 'bot', html`Used by ${names.map((each, index) => html`${index > 0 ? ', ' : ''}${each}`)}. Without it they need another provider.`)}
    </div>`;
  }

  /** What is stored is asked, not what is being typed. @param {Provider} provider */
  const test = (provider) =>
    html`<div class="test">
      ${tests.button(provider, form.isDirty() ? 'save or discard your changes first' : null)}${tests.result(provider)}
    </div>`;

  /** @param {Provider|null} provider */
  function editor(provider) {
    const { type } = form.values();
    const fields = html` ${provider ? nothing : html`${textField(form, 'name', { label: 'Name', hint: 'How agents refer to it. It cannot be changed later.', placeholder: 'my-provider' })}${kindField()}`}
    ${provider && type !== 'openai-compat' ? html`<p class="soft">${KINDS.find((kind) => kind.type === type)?.says} There is nothing else to set.</p>` : nothing}
    ${
      type === 'openai-compat'
        ? html`${presetField()}
          ${textField(form, 'apiBaseUrl', { label: 'API address', placeholder: 'https://openrouter.ai/api/v1', mono: true, inputmode: 'url' })}
          ${keyField(provider)}
          ${textField(form, 'defaultModel', { label: 'Default model', hint: 'For agents that name no model of their own.', mono: true })}`
        : nothing
    }`;
    return formTemplate(app, form, fields, {
      label: provider ? 'Save provider' : 'Create provider',
      tools: provider ? deletion() : nothing,
    });
  }

  const deletion = () =>
    button({
      label: 'Delete provider',
      icon: 'trash-2',
      look: 'is-quiet is-danger',
      reason: app.blocked(),
      run: () => void remove(),
      testid: 'delete',
    });

  const kindField = () =>
    field(
      form,
      'type',
      { label: 'Type', hint: 'It cannot be changed later.' },
      html`<div class="choices">
        ${KINDS.map(
          ({ type, label, says }) =>
            html` <label class="tool"
              ><input
                type="radio"
                class="check"
                name="type"
                value=${type}
                data-testid="type-${type}"
                .checked=${live(form.values().type === type)}
                @change=${() => form.set('type', type)}
              />
              <span>${label}<span class="tool-does">${says}</span></span></label
            >`,
        )}
      </div>`,
      true,
    );

  /** Choosing one fills in the address. */
  function presetField() {
    const current = presetOf(form.values().apiBaseUrl)?.value ?? CUSTOM;
    const choose = (/** @type {Event} */ event) => {
      const { value } = /** @type {HTMLSelectElement} */ (event.target);
      form.set('apiBaseUrl', PRESETS.find((preset) => preset.value === value)?.url ?? '');
    };
    return html`<div class="field">
      <label class="field-label" for="preset">Preset</label>
      <select class="input" id="preset" data-testid="preset" @change=${choose}>
        <option value=${CUSTOM} .selected=${live(current === CUSTOM)}>Custom</option>
        ${PRESETS.map(({ value, label }) => html`<option value=${value} .selected=${live(current === value)}>${label}</option>`)}
      </select>
    </div>`;
  }

  /** Keep the stored key, replace it or remove it. @param {Provider|null} provider */
  function keyField(provider) {
    const stored = provider?.providerType.type === 'openai-compat' ? provider.providerType.apiKeyHint : null;
    const { apiKey, apiBaseUrl } = form.values();
    const to = apiKey?.to ?? 'keep';
    const say = (/** @type {any} */ value) =>
      typeof value === 'object' && value !== null ? 'A new key' : keyWords(value);
    const hint =
      presetOf(apiBaseUrl)?.needsKey === false
        ? 'This one needs none by default.'
        : 'Stored here, used, and never shown again.';
    const choice = (/** @type {'keep'|'replace'|'remove'} */ value, /** @type {string} */ label) =>
      html`<label class="tool"
        ><input
          type="radio"
          class="check"
          name="key"
          data-testid="key-${value}"
          .checked=${live(to === value)}
          @change=${() => form.set('apiKey', value === 'keep' ? stored : value === 'replace' ? { to: 'replace', key: '' } : { to: 'remove' })}
        /><span>${label}</span></label
      >`;
    if (stored === null)
      return field(
        form,
        'apiKey',
        { label: 'API key', hint, say },
        keyInput(apiKey?.key ?? '', (key) => form.set('apiKey', key === '' ? null : { to: 'replace', key })),
        true,
      );
    return field(
      form,
      'apiKey',
      { label: 'API key', hint, say },
      html`<div class="choices">
        ${choice('keep', stored === '' ? 'Keep the stored key' : `Keep the stored key, which ends in ${stored}`)}${choice('replace', 'Replace it')}
        ${to === 'replace' ? keyInput(apiKey.key, (key) => form.set('apiKey', { to: 'replace', key })) : nothing}${choice('remove', 'Remove it')}
      </div>`,
      true,
    );
  }

  /**
   * @param {string} key
   * @param {(key: string) => void} onInput
   */
  const keyInput = (key, onInput) =>
    html`<input
      class="input is-mono"
      type="password"
      autocomplete="off"
      aria-label="API key"
      data-testid="input-apiKey"
      .value=${live(key)}
      aria-invalid=${form.problem('apiKey') ? 'true' : nothing}
      aria-describedby=${described(form, 'apiKey', true)}
      @input=${(/** @type {Event} */ event) => onInput(/** @type {HTMLInputElement} */ (event.target).value)}
    />`;

  return {
    title: () => name ?? 'New provider',
    template,
    painted(changes) {
      wasThere ||= find() !== null;
      if (changes?.source === 'push' && name !== null && changes.providers.has(name) && !form.isDirty())
        glow('data-testid', ['form']);
    },
  };
}
