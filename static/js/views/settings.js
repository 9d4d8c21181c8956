// @ts-check
/** The settings of the open workspace, and what to do with a chorus.json that somebody has edited. */

import { html, nothing } from '../vendor/lit-html/lit-html.js';
import { live } from '../vendor/lit-html/directives/live.js';
import { button } from '../elements/button.js';
import { icon } from '../elements/icons.js';
import { insertAt, removeAt, replaceAt } from '../lib/lists.js';
import { NOT_CONFIGURED } from '../lib/names.js';
import { filled, settingsBody, settingsProblems, settingsValues } from '../lib/settings.js';
import { createAccess } from './registry/access.js';
import { createConfigFile } from './registry/config-file.js';
import { described, field, formTemplate, selectField, textField } from './registry/fields.js';
import { createForm } from './registry/form.js';
import { glow, heading, loadingTemplate, page } from './registry/page.js';

/** @import {App, View} from '../app.js' */
/** @import {Form} from './registry/form.js' */

const AT_NEXT_START = 'takes effect at the next start of Chorus';

/**
 * @param {App} app
 * @returns {View}
 */
export function createSettings(app) {
  const { store, api, notices } = app;
  const file = createConfigFile(app);
  const access = createAccess(app);

  const form = createForm(app, {
    key: 'settings',
    title: 'the settings',
    thing: () => store.state.config,
    valuesOf: settingsValues,
    problemsOf: (values) => settingsProblems(values, store.state.providers),
    send: (values, config) =>
      api.put('/api/config', settingsBody(values), config?.version === undefined ? {} : { ifMatch: config.version }),
    saved: ({ body }) =>
      notices.success(
        body.notice ? `Settings saved. ${body.notice}` : 'Settings saved',
        body.notice ? { lastsMs: 10_000 } : {},
      ),
  });

  function template() {
    if (store.state.epoch === null) return loadingTemplate('Settings', app);
    const fields = html`${directories(app, form)} ${initialDirectory()} ${systemProvider()}
      <div class="field-pair">
        ${textField(form, 'port', { label: 'Port', hint: `For HTTP; the WebSocket takes the next one. Empty: as Chorus is started. A change ${AT_NEXT_START}.`, inputmode: 'numeric' })}
        ${textField(form, 'archiveDays', { label: 'Days until archived', hint: 'Completed and failed tasks leave the board so many days after their last change. Empty: as Chorus is started, normally 7.', inputmode: 'numeric' })}
      </div>`;
    return page(
      'settings-page',
      html`${heading('Settings')}
        <p class="soft">Of the workspace <code>${store.state.configPath}</code>. Everybody shares them.</p>`,
      html`${file.template()}${formTemplate(app, form, fields, { label: 'Save settings' })}${access.template()}`,
    );
  }

  function initialDirectory() {
    const choices = [
      { value: '', label: 'None: the first allowed directory' },
      ...filled(form.values().allowedAgentDirectories).map((each) => ({ value: each, label: each })),
    ];
    return selectField(form, 'initialAgentDirectory', {
      label: 'Initial directory',
      hint: 'Where agents begin: one of the allowed directories.',
      choices,
    });
  }

  function systemProvider() {
    const { providers } = store.state;
    const choices = [
      { value: NOT_CONFIGURED, label: 'No provider yet' },
      ...[...providers.keys()].map((each) => ({ value: each, label: each })),
    ];
    const hint =
      providers.size > 0
        ? 'What the planner runs on. Without one no task can be planned.'
        : html`What the planner runs on. There is none yet: <a href="/providers?new">add a provider</a>.`;
    return selectField(form, 'systemAgentProvider', { label: 'Provider of system agents', hint, choices });
  }

  return {
    title: () => 'Settings',
    template,
    painted(changes) {
      if (changes?.config || changes?.all) void file.look();
      if (changes?.source === 'push' && changes.config && !form.isDirty()) glow('data-testid', ['form']);
    },
    leave() {
      file.leave();
      access.leave();
    },
  };
}

/**
 * One row a directory.
 * @param {App} app
 * @param {Form} form
 */
function directories(app, form) {
  const rows = /** @type {string[]} */ (form.values().allowedAgentDirectories);
  /**
   * @param {string[]} next
   * @param {number} focus
   */
  const change = (next, focus) => {
    form.set('allowedAgentDirectories', next);
    app.painter.now();
    /** @type {HTMLElement|undefined} */ (
      document.querySelectorAll('[data-testid="directory"]')[Math.max(0, focus)]
    )?.focus();
  };
  const options = {
    label: 'Allowed directories',
    hint: 'Agents read and change files only below these. Whole paths, one a row.',
    say: (/** @type {string[]} */ value) => value.join('\n'),
  };
  return field(
    form,
    'allowedAgentDirectories',
    options,
    html`<ol class="list-editor">
        ${rows.map(
          (path, index) =>
            html`<li class="list-row">
              <input
                class="input is-mono"
                aria-label="Directory ${index + 1}"
                data-testid="directory"
                spellcheck="false"
                placeholder="/home/me/project"
                .value=${live(path)}
                aria-invalid=${form.problem('allowedAgentDirectories') ? 'true' : nothing}
                aria-describedby=${described(form, 'allowedAgentDirectories', true)}
                @input=${(/** @type {Event} */ event) => form.set('allowedAgentDirectories', replaceAt(rows, index, /** @type {HTMLInputElement} */ (event.target).value))}
              />
              ${button({ label: `Remove directory ${index + 1}`, icon: 'x', iconOnly: true, look: 'is-quiet is-small', run: () => change(removeAt(rows, index), index - 1), testid: 'remove-directory' })}
            </li>`,
        )}
      </ol>
      ${rows.length === 0 ? html`<p class="field-note">${icon('info')}<span>None yet: agents cannot use files.</span></p>` : nothing}
      <div>
        ${button({ label: 'Add directory', icon: 'plus', look: 'is-small', run: () => change(insertAt(rows, rows.length, ''), rows.length), testid: 'add-directory' })}
      </div>`,
    true,
  );
}
