// @ts-check
/** The access tokens of the workspace: made, shown once, revoked. The list follows what anybody does to it. */

import { html, nothing } from '../../vendor/lit-html/lit-html.js';
import { live as liveValue } from '../../vendor/lit-html/directives/live.js';
import { repeat } from '../../vendor/lit-html/directives/repeat.js';
import { button } from '../../elements/button.js';
import { copyButton } from '../../elements/copy.js';
import { icon } from '../../elements/icons.js';
import { SCOPES, mcpConfig, newToken, scopeWords, tokenProblems } from '../../lib/access.js';
import { ageInWords, iso } from '../../lib/time.js';
import { failedPart } from '../task/failed-part.js';
import { described, field, formTemplate, textField } from './fields.js';
import { createForm } from './form.js';
import { named } from '../../elements/named.js';
import { quoted } from '../../lib/visible.js';

/** @import {App} from '../../app.js' */
/** @import {AccessToken} from '../../types.js' */

/** @typedef {{name: string, token: string, mcpCommand: string}} Made */

const PART = /** @type {const} */ ('access:');
/** The new token stays in memory until the person is done with it, wherever on the page they go. */
const MADE = 'access-token:made';

/** @param {App} app */
export function createAccess(app) {
  const { store, live, api, actions, drafts, painter } = app;
  const release = live.openPart(PART);

  /** Somebody wants to make one. */
  let isWanted = false;

  const tokens = () => store.part(PART).data ?? [];
  const made = () => /** @type {Made|null} */ (JSON.parse(drafts.get(MADE)?.text ?? 'null'));

  const form = createForm(app, {
    key: 'new-access-token',
    title: 'the access token',
    thing: () => null,
    valuesOf: newToken,
    problemsOf: (values) => tokenProblems(values, new Map(tokens().map((token) => [token.name, token]))),
    send: (values, _, key) => api.post('/api/access-tokens', values, { key }),
    saved({ data: { name, token, mcpCommand } }) {
      isWanted = false;
      drafts.hold(MADE, JSON.stringify({ name, token, mcpCommand }));
      painter.request(() => document.getElementById('made-title')?.focus());
    },
  });

  function begin() {
    isWanted = true;
    painter.request(() => /** @type {HTMLElement|null} */ (document.querySelector('#access input'))?.focus());
  }

  function cancel() {
    isWanted = false;
    painter.request(() =>
      /** @type {HTMLElement|null} */ (document.querySelector('#access [data-testid="new-token"]'))?.focus(),
    );
  }

  function forget() {
    drafts.clear(MADE);
    painter.request();
  }

  /** @param {string} name */
  async function revoke(name) {
    const answer = await actions.attempt(`access-token:${name}`, 'Revoking', `${quoted(name)} was not revoked.`, () =>
      api.delete(`/api/access-tokens/${encodeURIComponent(name)}`),
    );
    if (!answer) return;
    if (made()?.name === name) forget();
    actions.offerUndo(
      `Revoked ${quoted(name)}: it opens nothing any more`,
      `${quoted(name)} could not be brought back.`,
      answer,
    );
  }

  /* ------------------------------------------------------------ drawing */

  /** @param {AccessToken} token */
  function row({ name, scopes, hint, createdAt }) {
    return html`<li class="row" data-token=${name} data-testid="token-row">
      <div class="row-main">
        <span class="row-name"><strong>${named(name)}</strong><span class="soft is-mono">chorus_…${hint}</span></span>
        <span class="row-note"
          >${scopeWords(scopes)} · made
          <time datetime=${iso(createdAt)}>${ageInWords(createdAt, live.now())}</time></span
        >
      </div>
      <div class="row-tools">
        ${button({ label: 'Revoke', title: `Revoke ${quoted(name)}`, look: 'is-small is-danger', reason: app.saving.of(`access-token:${name}`)?.says ?? app.blocked(), run: () => void revoke(name), testid: 'revoke' })}
      </div>
    </li>`;
  }

  function list() {
    const { data, status, error } = store.part(PART);
    if (status === 'error') return failedPart('The access tokens', error, () => live.retryPart(PART));
    if (!data)
      return html`<p class="field-note" aria-busy="true">${icon('loader-circle', 'spin')}<span>Fetching…</span></p>`;
    if (data.length === 0) return html`<p class="soft" data-testid="no-tokens">There are none yet.</p>`;
    return html`<ul class="rows" data-testid="tokens">
      ${repeat(data, ({ name }) => name, row)}
    </ul>`;
  }

  /** @param {Made} token */
  function madeTemplate(token) {
    const config = mcpConfig(token, location.origin);
    return html`<section class="panel is-fresh" aria-labelledby="made-title" data-testid="made">
      <h3 class="panel-title" id="made-title" tabindex="-1">${icon('circle-check')}“${named(token.name)}” is made</h3>
      <p>Copy it now: only a hash of it is kept, so it cannot be shown again.</p>
      <div class="copied">
        <code class="copied-text" tabindex="0" data-testid="made-token">${token.token}</code
        >${copyButton(app, { text: token.token, label: 'Copy the token', done: 'Token copied', testid: 'copy-token' })}
      </div>
      <p>An MCP client on the machine of Chorus takes this into its configuration:</p>
      <div class="copied">
        <pre class="copied-text" tabindex="0" data-testid="made-config">${config}</pre>
        ${copyButton(app, { text: config, label: 'Copy the configuration', done: 'Configuration copied', testid: 'copy-config' })}
      </div>
      ${button({ label: 'Done, hide it', run: forget, testid: 'made-done' })}
    </section>`;
  }

  function scopesField() {
    const chosen = /** @type {string[]} */ (form.values().scopes);
    const toggle = (/** @type {string} */ scope) =>
      form.set(
        'scopes',
        SCOPES.map((each) => each.scope).filter((each) => chosen.includes(each) !== (each === scope)),
      );
    return field(
      form,
      'scopes',
      { label: 'It may' },
      html`<div class="choices">
        ${SCOPES.map(
          ({ scope, label }) =>
            html`<label class="tool">
              <input
                type="checkbox"
                class="check"
                data-testid="scope-${scope}"
                aria-describedby=${described(form, 'scopes', false)}
                .checked=${liveValue(chosen.includes(scope))}
                @change=${() => toggle(scope)}
              /><span>${label}</span></label
            >`,
        )}
      </div>`,
      true,
    );
  }

  function formPanel() {
    const fields = html`${textField(form, 'name', { label: 'Name', hint: 'What the token is for. Tasks and reports that come with it bear this name.', placeholder: 'laptop' })}${scopesField()}`;
    const tools = form.isDirty()
      ? nothing
      : button({ label: 'Cancel', look: 'is-quiet', run: cancel, testid: 'cancel-token' });
    return html`<div class="panel">${formTemplate(app, form, fields, { label: 'Create token', tools })}</div>`;
  }

  function template() {
    const fresh = made();
    const isOpen = isWanted || form.isDirty();
    return html`<section class="registry-part" id="access" aria-labelledby="access-title" data-testid="access">
      <div class="registry-head">
        <h2 id="access-title">Access tokens</h2>
        <div class="registry-tools">
          ${isOpen ? nothing : button({ label: 'New access token', icon: 'plus', run: begin, testid: 'new-token' })}
        </div>
        <p class="soft">
          For programs that Chorus does not start, such as an MCP client: with a token they work on the tasks of this
          workspace.
        </p>
      </div>
      ${isOpen ? formPanel() : nothing} ${fresh ? madeTemplate(fresh) : nothing} ${list()}
    </section>`;
  }

  return { template, leave: release };
}
