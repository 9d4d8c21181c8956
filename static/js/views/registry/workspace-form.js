// @ts-check
/** Opening a workspace by its path, and making a new one. What is typed survives, like any draft. */

import { html, nothing } from '../../vendor/lit-html/lit-html.js';
import { live } from '../../vendor/lit-html/directives/live.js';
import { button } from '../../elements/button.js';
import { icon } from '../../elements/icons.js';

/** @import {App} from '../../app.js' */
/** @import {Opening} from '../workspaces.js' */

/**
 * @typedef {Object} Options
 * @property {() => string} base where new workspaces go
 * @property {(opening: Opening) => Promise<Record<string, string>|null>} open
 * @property {() => string|null} reasonNow why nothing can be opened now
 * @property {{path: (path: string) => string|null, name: (name: string) => string|null}} problems
 * @property {(base: string, name: string) => string} suggestedPath
 */

/** @typedef {'open-path'|'new-name'|'new-path'} Name */

/**
 * @param {App} app
 * @param {Options} options
 */
export function createWorkspaceForm(app, { base, open, reasonNow, problems, suggestedPath }) {
  const { drafts, painter } = app;
  /** What the server refused, by field. @type {Partial<Record<Name, {message: string, text: string}>>} */
  let refused = {};

  /** @param {Name} name */
  const typed = (name) => drafts.get(`workspaces:${name}`)?.text ?? '';
  /** The path follows the name until it is typed itself. */
  const newPath = () => typed('new-path') || suggestedPath(base(), typed('new-name'));

  /**
   * @param {Name} name
   * @param {string} text
   */
  function type(name, text) {
    drafts.set(`workspaces:${name}`, text);
    painter.request();
  }

  /** @param {Name} name */
  function problemOf(name) {
    const text = name === 'new-path' ? newPath() : typed(name);
    if (refused[name]?.text === text) return refused[name].message;
    if (typed(name) === '') return null;
    return name === 'new-name' ? problems.name(text) : problems.path(text);
  }

  /**
   * @param {Opening['verb']} verb
   * @param {Name} field
   * @param {string} path
   */
  async function submit(verb, field, path) {
    const wrong =
      problems.path(path) ?? (verb === 'create' && typed('new-name') !== '' ? problems.name(typed('new-name')) : null);
    const result = wrong ? { path: wrong } : reasonNow() === null ? await open({ verb, path: path.trim() }) : null;
    refused = result?.path ? { [field]: { message: result.path, text: path } } : {};
    painter.request(() => result?.path && document.getElementById(field)?.focus());
  }

  /**
   * @param {Name} name
   * @param {{label: string, hint: string, value: string, placeholder?: string}} options
   */
  function input(name, { label, hint, value, placeholder }) {
    const problem = problemOf(name);
    return html`<div class="field">
      <label class="field-label" for=${name}>${label}</label>
      <p class="field-hint" id="${name}-hint">${hint}</p>
      <input
        class="input is-mono"
        id=${name}
        data-testid=${name}
        autocomplete="off"
        spellcheck="false"
        placeholder=${placeholder ?? nothing}
        .value=${live(value)}
        aria-invalid=${problem ? 'true' : nothing}
        aria-describedby="${name}-hint ${problem ? `${name}-error` : ''}"
        @input=${(/** @type {Event} */ event) => type(name, /** @type {HTMLInputElement} */ (event.target).value)}
      />
      ${problem ? html`<p class="field-error" id="${name}-error" role="alert" data-testid="error-${name}">${icon('triangle-alert')}<span>${problem}</span></p>` : nothing}
    </div>`;
  }

  /** @param {(event: Event) => void} act */
  const form = (act) => (/** @type {Event} */ event) => {
    event.preventDefault();
    act(event);
  };

  function template() {
    const select = () => void submit('select', 'open-path', typed('open-path'));
    const create = () => void submit('create', 'new-path', newPath());
    const blank = (/** @type {string} */ text, /** @type {string} */ what) => (text.trim() === '' ? what : null);
    return html`<div class="field-pair">
      <form class="panel" novalidate aria-labelledby="new-title" @submit=${form(create)}>
        <h2 id="new-title">New workspace</h2>
        ${input('new-name', { label: 'Name', hint: 'The name of its folder.', value: typed('new-name'), placeholder: 'my-project' })}
        ${input('new-path', { label: 'Folder', hint: 'Made if it is not there. It keeps Chorus’s own data; where agents may work is a setting.', value: newPath() })}
        ${button({ label: 'Create and open', look: 'is-primary', type: 'submit', reason: reasonNow() ?? problemOf('new-name') ?? blank(newPath(), 'give it a name or a folder first'), run: () => {}, testid: 'create-workspace' })}
      </form>
      <form class="panel" novalidate aria-labelledby="path-title" @submit=${form(select)}>
        <h2 id="path-title">Open by path</h2>
        ${input('open-path', { label: 'Folder or chorus.json', hint: 'Of a workspace on the machine that Chorus runs on.', value: typed('open-path'), placeholder: '/home/me/workspaces/project' })}
        ${button({ label: 'Open', type: 'submit', reason: reasonNow() ?? blank(typed('open-path'), 'give its path first'), run: () => {}, testid: 'open-by-path' })}
      </form>
    </div>`;
  }

  return {
    template,
    reset() {
      for (const name of /** @type {const} */ (['open-path', 'new-name', 'new-path']))
        drafts.clear(`workspaces:${name}`);
      refused = {};
      painter.request();
    },
  };
}
