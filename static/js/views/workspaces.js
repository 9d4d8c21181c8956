// @ts-check
/** Workspaces: which is open, those opened before, opening and making one. It works while none is open. */

import { html, nothing } from '../vendor/lit-html/lit-html.js';
import { repeat } from '../vendor/lit-html/directives/repeat.js';
import { ApiError } from '../api.js';
import { button } from '../elements/button.js';
import { icon } from '../elements/icons.js';
import { reasonOf } from '../lib/failures.js';
import { iso, moment } from '../lib/time.js';
import { workspaceName } from '../lib/text.js';
import { folderNameProblem, folderOf, pathProblem, suggestedPath } from '../lib/workspaces.js';
import { withoutLead } from './board/empty.js';
import { heading, page } from './registry/page.js';
import { createWorkspaceForm } from './registry/workspace-form.js';
import { quoted } from '../lib/visible.js';

/** @import {App, View} from '../app.js' */
/** @import {WorkspaceEntry} from '../types.js' */

/** @typedef {{verb: 'select'|'create', path: string}} Opening */

const NO_ENTRIES = /** @type {readonly WorkspaceEntry[]} */ ([]);

/**
 * @param {App} app
 * @returns {View}
 */
export function createWorkspaces(app) {
  const { store, live, api, actions, notices, painter, saving, router } = app;
  /** The last push that was taken over. */
  let pushed = store.state.workspaces;
  /** As read or pushed, whichever came last: a switch cuts the stream, so that its push may be missed. */
  let known = pushed;
  /** @type {ReadonlySet<string>} */
  let missing = new Set();
  let problem = '';
  let failure = '';
  let base = '';
  /** Agents are at work: the person decides. @type {Opening|null} */
  let undecided = null;

  const offline = () => (live.status().kind === 'offline' ? 'Chorus cannot be reached.' : null);
  const isOpening = () => saving.of('workspace')?.progress === 'saving';
  const reasonNow = () => offline() ?? (isOpening() ? 'another one is being opened' : null);
  const openPath = () => (live.status().closed ? null : store.state.configPath);

  function entries() {
    if (store.state.workspaces !== pushed) known = pushed = store.state.workspaces;
    return known ?? NO_ENTRIES;
  }

  /** A push that came meanwhile is newer. */
  async function load() {
    entries();
    const before = pushed;
    try {
      const [list, defaults] = await Promise.all([api.get('/api/workspaces'), api.get('/api/config/defaults')]);
      if (store.state.workspaces === before) known = list.data;
      missing = new Set(
        list.data
          .filter((/** @type {WorkspaceEntry} */ entry) => entry.missing)
          .map((/** @type {WorkspaceEntry} */ entry) => entry.configPath),
      );
      problem = list.body.problem ?? '';
      base = defaults.data.defaultWorkspacePath;
      failure = '';
    } catch (error) {
      failure = reasonOf(error);
    }
    painter.request();
  }

  /**
   * @param {Opening} opening
   * @param {boolean} [stopRuns]
   * @returns {Promise<Record<string, string>|null>} what is wrong, by field; null: it is open, or the person has been
   *   told
   */
  async function open(opening, stopRuns = false) {
    undecided = null;
    const wasClosed = live.status().closed;
    try {
      await saving.follow('workspace', 'Opening', () =>
        api.post(`/api/config/${opening.verb}`, { path: opening.path, ...(stopRuns ? { stopRuns } : {}) }),
      );
    } catch (error) {
      return refused(opening, error);
    }
    missing = new Set([...missing].filter((path) => folderOf(path) !== opening.path && path !== opening.path));
    form.reset();
    live.retry();
    if (wasClosed) router.go('/');
    return null;
  }

  /**
   * @param {Opening} opening
   * @param {unknown} error
   */
  function refused(opening, error) {
    if (error instanceof ApiError && error.reason === 'runs') {
      undecided = opening;
      painter.request(() =>
        /** @type {HTMLElement|null} */ (document.querySelector('[data-testid="undecided"] button'))?.focus(),
      );
      return null;
    }
    if (error instanceof ApiError && error.fields.path) return { path: error.fields.path.join(' ') };
    notices.error(`${quoted(opening.path)} could not be ${opening.verb === 'select' ? 'opened' : 'made'}.`, {
      advice: reasonIn(error),
    });
    void load();
    return null;
  }

  /** @param {WorkspaceEntry} entry */
  async function forget({ configPath }) {
    const name = workspaceName(configPath);
    const path = `/api/workspaces?path=${encodeURIComponent(configPath)}`;
    const answer = await actions.attempt(
      `workspace:${configPath}`,
      'Removing',
      `${quoted(name)} is still on the list.`,
      () => api.delete(path),
    );
    if (!answer) return;
    actions.offerUndo(
      `${quoted(name)} is off the list; its folder stays`,
      `${quoted(name)} could not be put back on the list. Open it by its path.`,
      answer,
      load,
    );
    void load();
  }

  const form = createWorkspaceForm(app, {
    base: () => base,
    open,
    reasonNow,
    problems: { path: pathProblem, name: folderNameProblem },
    suggestedPath,
  });

  /* ------------------------------------------------------------ drawing */

  function current() {
    const path = openPath();
    if (path !== null) {
      return html`<section class="panel" aria-labelledby="open-title" data-testid="open-workspace">
        <h2 class="panel-title" id="open-title">
          ${icon('folder-open')}${workspaceName(path)}<span class="tag is-open">Open</span>
        </h2>
        <p class="soft is-mono">${path}</p>
      </section>`;
    }
    if (!live.status().closed && problem === '') return nothing;
    const why = withoutLead(live.status().closed ? (live.status().reason ?? problem) : problem);
    return html`<section class="panel is-warning" aria-labelledby="open-title" data-testid="no-workspace">
      <h2 class="panel-title" id="open-title">${icon('triangle-alert')}No workspace is open</h2>
      <p>${why}</p>
    </section>`;
  }

  function choice() {
    if (!undecided) return nothing;
    const opening = undecided;
    return html`<section
      class="panel is-warning"
      role="alert"
      aria-labelledby="undecided-title"
      data-testid="undecided"
    >
      <h2 class="panel-title" id="undecided-title">${icon('triangle-alert')}Agents are at work here</h2>
      <p>
        Opening <code>${opening.path}</code> closes the workspace that is open now, for everybody. Its agents would be
        stopped; their tasks wait there and can be resumed.
      </p>
      <div class="editor-tools">
        ${button({ label: 'Stay here', run: stay, testid: 'stay' })}
        ${button({ label: 'Stop the agents and open it', look: 'is-danger', reason: reasonNow(), run: () => void open(opening, true), testid: 'stop-runs' })}
      </div>
    </section>`;
  }

  function stay() {
    undecided = null;
    painter.request();
  }

  /** @param {WorkspaceEntry} entry */
  function row(entry) {
    const { configPath, lastOpenedAt } = entry;
    const isOpen = configPath === openPath();
    const isMissing = missing.has(configPath) && !isOpen;
    return html`<li class="row" data-testid="workspace-row" data-path=${configPath}>
      <div class="row-main">
        <span class="row-name"
          ><strong>${workspaceName(configPath)}</strong
          >${isOpen ? html`<span class="tag is-open">Open</span>` : nothing}${isMissing ? html`<span class="tag is-draft">Folder is missing</span>` : nothing}</span
        >
        <span class="row-note is-mono">${folderOf(configPath)}</span>
        <span class="row-note"
          >Opened: <time datetime=${iso(lastOpenedAt)}>${moment(lastOpenedAt, live.now())}</time></span
        >
      </div>
      <div class="row-tools">
        ${isOpen ? nothing : button({ label: 'Open', look: 'is-small', reason: reasonNow(), run: () => void open({ verb: 'select', path: configPath }), testid: 'open', title: `Open ${workspaceName(configPath)}` })}
        ${button({ label: `Take ${workspaceName(configPath)} off the list`, icon: 'x', iconOnly: true, look: 'is-quiet is-small', reason: reasonNow(), run: () => void forget(entry), testid: 'forget' })}
      </div>
    </li>`;
  }

  function recent() {
    if (failure !== '' && entries().length === 0) {
      return html`<div class="panel is-warning" data-testid="workspaces-error">
        <p>The list could not be read. ${failure}</p>
        ${button({ label: 'Try again', icon: 'refresh-cw', run: () => void load() })}
      </div>`;
    }
    if (entries().length === 0) return nothing;
    return html`<section aria-labelledby="recent-title">
      <div class="section-head"><h2 id="recent-title">Opened before</h2></div>
      <ul class="rows" data-testid="recent">
        ${repeat(entries(), ({ configPath }) => configPath, row)}
      </ul>
    </section>`;
  }

  void load();

  return {
    title: () => 'Workspaces',
    template: () =>
      page(
        'workspaces-page',
        html`${heading('Workspaces')}
          <p class="soft">
            A workspace is a folder with its own tasks, agents, providers and settings. One is open at a time, for
            everybody.
          </p>`,
        html`${current()}${choice()}${recent()}${form.template()}`,
      ),
    painted(changes) {
      if (changes?.all) void load();
    },
  };
}

/** A folder without a workspace is no task that somebody has deleted. @param {unknown} error */
const reasonIn = (error) => (error instanceof ApiError && error.status === 404 ? error.message : reasonOf(error));
