// @ts-check
/**
 * One field for everything: pages, tasks (archived ones too), what can be done with the open task, the theme. Recent
 * picks first.
 */

import { html, nothing } from '../vendor/lit-html/lit-html.js';
import { live } from '../vendor/lit-html/directives/live.js';
import { best } from '../lib/fuzzy.js';
import { STATUS } from '../lib/statuses.js';
import { recall, remember } from '../lib/storage.js';
import { titleOf } from '../lib/text.js';
import { archiveUrl, taskUrl } from '../router.js';
import { actionsOf } from '../views/task/actions.js';
import { createDialog } from './dialog.js';
import { icon } from './icons.js';
import { quoted } from '../lib/visible.js';
import { keyOf } from '../lib/keys.js';

/** @import {App} from '../app.js' */
/** @import {ThemeSwitch} from './theme.js' */
/** @import {Task} from '../types.js' */

/**
 * @typedef {Object} Item
 * @property {string} id the same each time, for the recent ones
 * @property {string} group
 * @property {string} label
 * @property {string} note
 * @property {string} icon
 * @property {string} [status] gives its hue
 * @property {string|null} [reason] why it cannot be chosen now
 * @property {() => void} run
 */

/**
 * @typedef {{theme: ThemeSwitch, openHelp: () => void, notify: {label: () => string, switch: () => void}}} Surroundings
 */

const TASKS = 8;
const RECENT = 5;
const PAUSE_MS = 150;
const RECENT_KEY = 'palette';

/**
 * @param {App} app
 * @param {Surroundings} surroundings
 */
export function createPalette(app, { theme, openHelp, notify }) {
  const { store, router } = app;
  let query = '';
  let at = 0;
  /** @type {readonly Item[]} */
  let shown = [];
  /** @type {{query: string, tasks: readonly Task[]}} */
  let archived = { query: '', tasks: [] };
  let isSearching = false;
  let search = new AbortController();
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  let pause;
  const dialog = createDialog('palette', 'palette-title', template, () => search.abort());
  dialog.element.classList.add('palette');

  /* ------------------------------------------------------------ what there is */

  /** The pages are those of the navigation. @returns {Item[]} */
  const pages = () => [
    ...[.../** @type {NodeListOf<HTMLAnchorElement>} */ (document.querySelectorAll('.app-nav a[href]'))].map((link) =>
      page(link.textContent?.trim() ?? '', link.pathname),
    ),
    page('Archive', '/archive'),
  ];

  /**
   * @param {string} label
   * @param {string} url
   * @returns {Item}
   */
  const page = (label, url) => ({
    id: `page:${url}`,
    group: 'Pages',
    label,
    note: '',
    icon: url === '/archive' ? 'archive' : 'arrow-right',
    run: () => router.go(url),
  });

  /**
   * @param {Task} task
   * @returns {Item}
   */
  const taskItem = (task) => ({
    id: `task:${task.id}`,
    group: task.archivedAt === null ? 'Tasks' : 'Archived tasks',
    label: titleOf(task.description),
    note: STATUS[task.status.type].label,
    icon: STATUS[task.status.type].icon,
    status: task.status.type,
    run: () => router.go(taskUrl(task.id)),
  });

  /** @returns {Item[]} */
  function taskActions() {
    const { route } = router;
    const task = route.page === 'task' ? store.fullTask(route.id).task : null;
    if (!task) return [];
    const runs = store.part(/** @type {const} */ (`runs:${task.id}`)).data ?? [];
    return actionsOf(app, task, runs).map(({ id, label, icon: name, reason, run }) => ({
      id: `action:${id}`,
      group: 'This task',
      label,
      note: '',
      icon: name,
      reason,
      run,
    }));
  }

  /** @returns {Item[]} */
  const commands = () => [
    {
      id: 'new-task',
      group: 'Commands',
      label: 'New task',
      note: 'n',
      icon: 'plus',
      reason: app.blocked(),
      run: app.openNewTask,
    },
    { id: 'help', group: 'Commands', label: 'Keyboard shortcuts', note: '?', icon: 'keyboard', run: openHelp },
    ...theme.choices().map(({ name, label, icon: sign }) => ({
      id: `theme:${name}`,
      group: 'Commands',
      label,
      note: '',
      icon: sign,
      run: () => (theme.choose(name), app.painter.request()),
    })),
    { id: 'notify', group: 'Commands', label: notify.label(), note: '', icon: 'bell', run: notify.switch },
  ];

  /** Last changed first. */
  const tasks = () => [...store.state.tasks.values()].sort((a, b) => b.seq - a.seq).map(taskItem);

  /** @returns {Item[]} */
  function found() {
    const others = [...taskActions(), ...pages(), ...commands()];
    if (query.trim() === '') return withRecent(others, tasks());
    const near = best(tasks(), query, ({ label, note }) => `${label} ${note}`).slice(0, TASKS);
    const old = archived.query === query.trim() ? archived.tasks.map(taskItem) : [];
    const more = {
      id: 'archive',
      group: 'Archived tasks',
      label: `Search the archive for ${quoted(query)}`,
      note: '',
      icon: 'archive',
      run: () => router.go(archiveUrl(query.trim())),
    };
    return grouped([...best(others, query, ({ label }) => label), ...near, ...old, more]);
  }

  /**
   * @param {readonly Item[]} others
   * @param {readonly Item[]} all tasks
   * @returns {Item[]}
   */
  function withRecent(others, all) {
    const ids = recentIds();
    const known = new Map([...others, ...all].map((item) => [item.id, item]));
    const recent = ids
      .map((id) => known.get(id))
      .filter((item) => item !== undefined)
      .map((item) => ({ ...item, group: 'Recent' }));
    const rest = [...others, ...all.slice(0, TASKS)].filter(({ id }) => !recent.some((item) => item.id === id));
    return grouped([...recent, ...rest]);
  }

  const recentIds = () => (recall(RECENT_KEY) ?? '').split(' ').filter((id) => id !== '');

  /* ------------------------------------------------------------ what a person does */

  /** @param {string} value */
  function typed(value) {
    query = value;
    at = 0;
    dialog.draw();
    clearTimeout(pause);
    search.abort();
    isSearching = value.trim() !== '';
    if (isSearching) pause = setTimeout(() => void askArchive(value.trim()), PAUSE_MS);
  }

  /** @param {string} q */
  async function askArchive(q) {
    search = new AbortController();
    const { signal } = search;
    const answer = await app.actions.searchArchive(q, TASKS, signal);
    if (signal.aborted) return;
    archived = { query: q, tasks: answer };
    isSearching = false;
    dialog.refresh();
  }

  /** @param {Item|undefined} item */
  function choose(item) {
    if (!item || item.reason) return;
    remember(RECENT_KEY, [item.id, ...recentIds().filter((id) => id !== item.id)].slice(0, RECENT).join(' '));
    dialog.close();
    item.run();
  }

  /** @param {KeyboardEvent} event */
  function onKey(event) {
    const key = keyOf(event);
    const last = shown.length - 1;
    const target = {
      ArrowDown: at < last ? at + 1 : 0,
      ArrowUp: at > 0 ? at - 1 : last,
      PageDown: Math.min(at + 8, last),
      PageUp: Math.max(at - 8, 0),
    }[key];
    if (target === undefined && key !== 'Enter') return;
    event.preventDefault();
    if (key === 'Enter') return choose(shown[at]);
    at = target ?? 0;
    dialog.draw();
    document.getElementById(`palette-${at}`)?.scrollIntoView({ block: 'nearest' });
  }

  /* ------------------------------------------------------------ drawing */

  function template() {
    const before = shown[at]?.id;
    shown = found();
    const same = at === 0 ? -1 : shown.findIndex(({ id }) => id === before);
    at = same >= 0 ? same : Math.min(at, Math.max(0, shown.length - 1));
    const groups = [...new Set(shown.map(({ group }) => group))];
    return html`<h2 class="unseen" id="palette-title">Find a page, a task or an action</h2>
      <div class="palette-field">
        ${icon('search')}<input
          class="input"
          role="combobox"
          aria-label="Find a page, a task or an action"
          aria-expanded="true"
          aria-controls="palette-list"
          aria-autocomplete="list"
          aria-activedescendant=${shown.length > 0 ? `palette-${at}` : nothing}
          placeholder="Pages, tasks, actions…"
          autocomplete="off"
          spellcheck="false"
          dir="auto"
          maxlength="200"
          data-testid="palette-input"
          .value=${live(query)}
          @input=${(/** @type {Event} */ event) => typed(/** @type {HTMLInputElement} */ (event.target).value)}
          @keydown=${onKey}
        />
      </div>
      <div class="palette-list" id="palette-list" role="listbox" aria-label="Found">${groups.map(groupTemplate)}</div>
      <p class="unseen" role="status">${shown.length} found</p>`;
  }

  /** @param {string} group */
  const groupTemplate = (group) =>
    html`<div role="group" aria-label=${group}>
      <div class="palette-group" aria-hidden="true">
        ${group}${group === 'Archived tasks' && isSearching ? ' …' : ''}
      </div>
      ${shown.map((item, index) => (item.group === group ? itemTemplate(item, index) : nothing))}
    </div>`;

  /**
   * @param {Item} item
   * @param {number} index
   */
  const itemTemplate = (item, index) =>
    html`<div
      class="palette-item"
      role="option"
      id="palette-${index}"
      data-testid="palette-item"
      data-item=${item.id}
      data-status=${item.status ?? nothing}
      aria-selected=${index === at}
      aria-disabled=${item.reason ? 'true' : nothing}
      @click=${() => choose(item)}
    >
      ${icon(item.icon)}<span class="palette-label"
        ><bdi>${item.label}</bdi>${item.reason ? html`<span class="menu-reason">${item.reason}</span>` : nothing}</span
      >${item.note ? html`<span class="palette-note">${item.note}</span>` : nothing}
    </div>`;

  return {
    /** The same keys close it. */
    toggle() {
      if (dialog.element.open) return dialog.close();
      query = '';
      at = 0;
      dialog.open();
      dialog.focus('input');
    },
    refresh: dialog.refresh,
  };
}

/**
 * Items of a group stand together, groups in the order in which they first occur.
 * @param {readonly Item[]} items
 * @returns {Item[]}
 */
function grouped(items) {
  const groups = [...new Set(items.map(({ group }) => group))];
  return groups.flatMap((group) => items.filter((item) => item.group === group));
}
