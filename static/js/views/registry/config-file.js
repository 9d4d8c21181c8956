// @ts-check
/**
 * chorus.json, where somebody has edited it: what it says, and the choice between it and the settings.
 * A file sends no events, so the page asks when it is opened or looked at again, and after changes that write the file.
 */

import { html, nothing } from '../../vendor/lit-html/lit-html.js';
import { button } from '../../elements/button.js';
import { icon } from '../../elements/icons.js';
import { changesOf } from '../../lib/settings.js';

/** @import {App} from '../../app.js' */
/** @import {WorkspaceConfig} from '../../types.js' */

/** @typedef {{file?: Partial<WorkspaceConfig>, fileProblem?: string}} Edited */

/** @param {App} app */
export function createConfigFile(app) {
  const { store, api, actions, notices, painter } = app;
  /** @type {Edited|null} */
  let edited = null;
  let asked = 0;

  /** The last answer counts. */
  async function look() {
    const mine = ++asked;
    try {
      const { body } = await api.get('/api/config');
      if (mine !== asked) return;
      edited = body.edited ? body : null;
    } catch {
      return; // the badge tells; nothing is shown that is not known
    }
    painter.request();
  }

  /**
   * @param {'import'|'overwrite'} verb
   * @param {string} done
   * @param {string} failure
   */
  async function settle(verb, done, failure) {
    const answer = await actions.attempt(`config:${verb}`, 'Saving', failure, () => api.post(`/api/config/${verb}`));
    if (answer) notices.success([done, answer.body.notice].filter(Boolean).join('. '));
    void look();
  }

  const importIt = () =>
    settle('import', 'chorus.json imported', 'chorus.json was not imported; it and the settings are as they were.');
  const overwrite = () => settle('overwrite', 'chorus.json overwritten', 'chorus.json was not overwritten.');

  /** @param {Edited} found */
  function contents({ file, fileProblem }) {
    if (fileProblem)
      return html`<p data-testid="file-problem">${fileProblem}</p>
        <p class="soft">Mend the file and come back, or overwrite it.</p>`;
    const changes = store.state.config && file ? changesOf(store.state.config, file) : [];
    if (changes.length === 0) return html`<p>It says the same as the settings, written differently.</p>`;
    return html`<table class="changes">
      <thead>
        <tr>
          <th scope="col">Setting</th>
          <th scope="col">Now</th>
          <th scope="col">In chorus.json</th>
        </tr>
      </thead>
      <tbody>
        ${changes.map(
          ({ label, now, file: then }) =>
            html`<tr>
              <th scope="row">${label}</th>
              <td data-label="Now">${now}</td>
              <td data-label="In chorus.json">${then}</td>
            </tr>`,
        )}
      </tbody>
    </table>`;
  }

  function template() {
    if (!edited) return nothing;
    return html`<section class="panel is-warning" aria-labelledby="file-title" data-testid="config-file">
      <h2 class="panel-title" id="file-title">${icon('triangle-alert')}chorus.json has been edited</h2>
      <p>
        Somebody has changed this workspace’s file outside Chorus. The settings below count until you choose; the file
        is left alone.
      </p>
      ${contents(edited)}
      <div class="editor-tools">
        ${button({ label: 'Import the file', icon: 'download', reason: app.blocked() ?? (edited.fileProblem ? 'it is no configuration' : null), run: () => void importIt(), testid: 'import' })}
        ${button({ label: 'Overwrite the file', icon: 'upload', reason: app.blocked(), run: () => void overwrite(), testid: 'overwrite' })}
      </div>
    </section>`;
  }

  const seen = () => document.visibilityState === 'visible' && void look();
  document.addEventListener('visibilitychange', seen);
  void look();

  return { template, look, leave: () => document.removeEventListener('visibilitychange', seen) };
}
