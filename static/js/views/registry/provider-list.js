// @ts-check
/** All providers, and who works on them. */

import { html, nothing } from '../../vendor/lit-html/lit-html.js';
import { repeat } from '../../vendor/lit-html/directives/repeat.js';
import { button } from '../../elements/button.js';
import { plural } from '../../lib/text.js';
import { keyWords, kindLabel, usersOf } from '../../lib/providers.js';
import { providerUrl } from '../../router.js';
import { createProviderTests } from './provider-test.js';
import { emptyTemplate, glow, heading, loadingTemplate, page, sign } from './page.js';

/** @import {App, View} from '../../app.js' */
/** @import {Provider} from '../../types.js' */

/**
 * @param {App} app
 * @returns {View}
 */
export function createProviderList(app) {
  const { store, drafts, router } = app;
  const tests = createProviderTests(app);

  const create = () =>
    button({
      label: 'New provider',
      icon: 'plus',
      look: 'is-primary',
      run: () => router.go('/providers?new'),
      testid: 'new-provider',
    });

  /** @param {Provider} provider */
  function row(provider) {
    const { name, providerType: kind } = provider;
    return html`<li class="row" data-provider=${name} data-testid="provider-row">
      <div class="row-main">
        <span class="row-name"
          ><a href=${providerUrl(name)} class="row-link">${name}</a
          ><span class="tag">${kindLabel(provider)}</span
          >${drafts.get(`provider:${name}`) ? html`<span class="tag is-draft">Unsaved changes</span>` : nothing}</span
        >
        ${kind.type === 'openai-compat' ? html`<span class="row-note"><span class="is-mono">${kind.apiBaseUrl}</span> · ${kind.defaultModel || 'No default model'} · ${keyWords(kind.apiKeyHint)}</span>` : nothing}
        ${tests.result(provider)}
      </div>
      ${users(name)}
      <div class="row-tools">
        ${tests.button(provider, drafts.get(`provider:${name}`) ? 'save or discard its changes first' : null)}
      </div>
    </li>`;
  }

  /** @param {string} name */
  function users(name) {
    const { agents, system } = usersOf(name, store.state);
    const words = [
      ...(agents.length > 0 ? [plural(agents.length, 'agent')] : []),
      ...(system ? ['the planner'] : []),
    ].join(' and ');
    return words === '' ? sign('plain', 'circle-dashed', 'Not in use') : sign('good', 'bot', `Used by ${words}`);
  }

  function template() {
    if (store.state.epoch === null) return loadingTemplate('Providers', app);
    const all = [...store.state.providers.values()].sort((a, b) => a.name.localeCompare(b.name));
    const list =
      all.length > 0
        ? html`<ul class="rows" data-testid="providers">
            ${repeat(all, ({ name }) => name, row)}
          </ul>`
        : emptyTemplate(
            'plug',
            'No providers yet',
            'A provider is what agents run on: the Claude Code or OpenCode program of this machine, or any address that speaks OpenAI’s chat API.',
            create(),
          );
    return page(
      'providers-page',
      html`${heading('Providers')}
        <div class="registry-tools">${all.length > 0 ? create() : nothing}</div>
        <p class="soft">What agents run on.</p>`,
      list,
    );
  }

  return {
    title: () => 'Providers',
    template,
    painted(changes) {
      if (changes?.source === 'push') glow('data-provider', changes.providers);
    },
  };
}
