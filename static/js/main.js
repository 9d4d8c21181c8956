// @ts-check
/** The page, put together. What it consists of, in the order in which it depends on each other. */

import { createActions } from './actions.js';
import { createApi } from './api.js';
import { mergeChanges } from './changes.js';
import { readConfig } from './connection/config.js';
import { createLive } from './connection/live.js';
import { createDrafts } from './drafts.js';
import { createAttention } from './elements/attention.js';
import { boundary } from './elements/boundary.js';
import { installIcons } from './elements/icons.js';
import { createNotices } from './elements/notices.js';
import { createTheme } from './elements/theme.js';
import { countNeedsYou } from './lib/board.js';
import { createFocusWatch, isCovered, isTyping } from './lib/focus.js';
import { isFind, isPlain, keyOf } from './lib/keys.js';
import { workspaceName } from './lib/text.js';
import { createLater } from './lib/later.js';
import { attempt, createPainter } from './lib/painter.js';
import { createRoot } from './lib/root.js';
import { recall } from './lib/storage.js';
import { loadStyles } from './lib/styles.js';
import { createRouter } from './router.js';
import { createSaving } from './saving.js';
import { createStore } from './store.js';
import { createUploads } from './uploads.js';
import { createBoard } from './views/board.js';
import { closedTemplate } from './views/board/empty.js';
import { createLazy } from './views/lazy.js';
import { shellTemplate } from './views/shell.js';
import { quoted } from './lib/visible.js';

/** @import {App, View} from './app.js' */
/** @import {TextOrder} from './elements/text-dialog.js' */
/** @import {Route} from './router.js' */
/** @import {Changes} from './types.js' */

const SWITCHED_MS = 10_000;

const config = readConfig();
const painter = createPainter(draw);
const onChange = () => painter.request();

const store = createStore();
const api = createApi({ epoch: () => store.state.epoch });
const drafts = createDrafts();
const live = createLive({ store, api, config, settle: painter.request });
const notices = createNotices(onChange);
const router = createRouter(follow);
const saving = createSaving({ whenShown: live.whenShown, onChange });
const uploads = createUploads({ api, notices, whenShown: live.whenShown, onChange });
const actions = createActions({ api, notices, saving, uploads });
const menus = createLater(loadMenu, () => notices.unfetched('The menu'));
const dialogs = createLater(loadDialogs, () => notices.unfetched('The dialog'));

/** @type {App} */
const app = {
  store,
  live,
  api,
  drafts,
  actions,
  saving,
  uploads,
  notices,
  menu: { open: (...what) => menus.use((menu) => menu.open(...what)) },
  router,
  painter,
  blocked,
  openNewTask,
  openStart,
  openText,
  openTools,
};

const element = /** @type {HTMLElement} */ (document.getElementById('app'));
element.replaceChildren();
const root = createRoot(element, onChange);
const stuck = /** @type {HTMLElement} */ (document.getElementById('stuck'));
const theme = createTheme();
const attention = createAttention();
const focusWatch = createFocusWatch();
const notifiers = createLater(loadNotifier, () => notices.unfetched('The switch'));
/** The switch for notifications, before and after its code is there. */
const notify = {
  label: () => (notifiers.value?.isOn ? 'Switch notifications off' : 'Notify me when a task needs me'),
  isOn: () => notifiers.value?.isOn ?? false,
  switch: () => notifiers.use((notifier) => notifier.switch()),
};
const palettes = createLater(loadPalette, () => notices.unfetched('The palette'));
let view = viewOf(router.route);
/** What the store has changed since the last drawing. @type {Changes|null} */
let changes = null;

async function loadMenu() {
  return (await import('./views/board/menu.js')).createCardMenu(app);
}

async function loadDialogs() {
  const [{ createDialogs }] = await Promise.all([import('./elements/dialogs.js'), loadStyles('/css/dialogs.css')]);
  return createDialogs(app);
}

async function loadPalette() {
  const [{ createPalette }] = await Promise.all([import('./elements/palette.js'), loadStyles('/css/dialogs.css')]);
  return createPalette(app, { theme, openHelp, notify });
}

async function loadNotifier() {
  return (await import('./elements/notify.js')).createNotify({ store, router, notices, onChange });
}

function openPalette() {
  palettes.use((palette) => palette.toggle());
}

function prepare() {
  dialogs.prepare();
  menus.prepare();
  notifiers.prepare();
}

function openNewTask() {
  dialogs.use(({ newTask }) => newTask.open());
}

/** @param {string} taskId */
function openStart(taskId) {
  dialogs.use(({ start }) => start.open(taskId));
}

/** @param {TextOrder} order */
function openText(order) {
  dialogs.use(({ text }) => text.open(order));
}

/** @param {string} runId */
function openTools(runId) {
  dialogs.use(({ tools }) => tools.open(runId));
}

function openHelp() {
  dialogs.use(({ help }) => help.open());
}

/** Actions work with only the socket down; without HTTP or a workspace none can. */
function blocked() {
  if (live.status().closed) return 'No workspace is open, so nothing can be saved now. What you type is kept.';
  return live.status().kind === 'offline'
    ? 'Chorus cannot be reached, so nothing can be saved now. What you type is kept.'
    : null;
}

/* ---------------------------------------------------------------- pages */

/**
 * @param {Route} route
 * @returns {View}
 */
function viewOf(route) {
  switch (route.page) {
    case 'board':
      return createBoard(app, route.filters);
    case 'task':
      return createLazy('Task', () => loadTask(route.id, route.anchor), onChange);
    case 'insights':
      return createLazy('Insights', () => loadInsights(route.days), onChange);
    case 'archive':
      return createLazy('Archive', () => loadArchive(route.q), onChange);
    case 'agents':
      return createLazy(
        'Agents',
        () => loadRegistry(async () => (await import('./views/agents.js')).createAgents(app, route)),
        onChange,
      );
    case 'providers':
      return createLazy(
        'Providers',
        () => loadRegistry(async () => (await import('./views/providers.js')).createProviders(app, route)),
        onChange,
      );
    case 'settings':
      return createLazy(
        'Settings',
        () => loadRegistry(async () => (await import('./views/settings.js')).createSettings(app)),
        onChange,
      );
    case 'workspaces':
      return createLazy(
        'Workspaces',
        () => loadRegistry(async () => (await import('./views/workspaces.js')).createWorkspaces(app)),
        onChange,
      );
    case 'notfound':
      return createLazy(
        'Not found',
        async () => (await import('./views/notfound.js')).createNotFound(route.path),
        onChange,
      );
  }
}

/**
 * @param {string} id
 * @param {string} anchor
 */
async function loadTask(id, anchor) {
  const [{ createTask }] = await Promise.all([import('./views/task.js'), loadStyles('/css/task.css')]);
  return createTask(app, id, anchor);
}

/** @param {string} q */
async function loadArchive(q) {
  const [{ createArchive }] = await Promise.all([import('./views/archive.js'), loadStyles('/css/archive.css')]);
  return createArchive(app, q);
}

/** @param {number} days */
async function loadInsights(days) {
  const [{ createInsights }] = await Promise.all([import('./views/insights.js'), loadStyles('/css/insights.css')]);
  return createInsights(app, days);
}

/**
 * @param {() => Promise<View>} load
 * @returns {Promise<View>}
 */
async function loadRegistry(load) {
  const [loaded] = await Promise.all([load(), loadStyles('/css/registry.css')]);
  return loaded;
}

let openPage = nameOf(router.route);

/**
 * Filters, ranges, searches and anchors are places within a page; all else makes a page of its own.
 * @param {Route} route
 */
function nameOf(route) {
  return JSON.stringify({ ...route, filters: null, days: null, q: null, anchor: null });
}

/** @param {Route} route */
function follow(route) {
  const isSamePage = nameOf(route) === openPage;
  openPage = nameOf(route);
  if (isSamePage) {
    view.routed?.(route);
    return onChange();
  }
  renew(route);
  painter.request(arrive);
}

/** @param {Route} route */
function renew(route) {
  view.leave?.();
  view = viewOf(route);
}

let workspace = store.state.configPath;

/** Another workspace: what a page remembers of the former one must not show in it. */
function enterWorkspace() {
  const { configPath } = store.state;
  if (configPath === null || configPath === workspace) return;
  drafts.enter(configPath);
  if (workspace !== null) {
    notices.info(`The workspace ${quoted(workspaceName(configPath))} is open now`, { lastsMs: SWITCHED_MS });
    if (router.route.page !== 'workspaces') renew(router.route);
  }
  workspace = configPath;
}

/** Who hears the page is told where they are; who sees it starts at its top. */
function arrive() {
  scrollTo(0, 0);
  if (!view.arrive?.()) document.querySelector('h1')?.focus({ preventScroll: true });
}

/* ---------------------------------------------------------------- drawing */

/** A drawing that fails must not leave a page that says Live over an older board. */
function draw() {
  try {
    drawPage();
    stuck.hidden = true;
  } catch (error) {
    stuck.hidden = false;
    throw error;
  }
}

/** Somebody else may have replaced the whole page by a copy, where nothing works. */
function bringBack() {
  if (element.isConnected) return;
  const copy = document.getElementById('app');
  if (copy) copy.replaceWith(element);
  else document.body.append(element);
}

function drawPage() {
  bringBack();
  const isClosed = live.status().closed && needsWorkspace(router.route);
  const page = boundary('This page', () => (isClosed ? closedTemplate(live.status()) : view.template()));
  root.draw(shellTemplate({ app, theme, openToNetwork: config.openToNetwork, openHelp, openPalette, notify }, page));
  attempt(() => dialogs.value?.refresh());
  attempt(() => palettes.value?.refresh());
  showAttention();
  const painted = changes;
  changes = null;
  if (!isClosed) attempt(() => view.painted?.(painted));
  if (focusWatch.isLost() && !view.recover?.()) document.querySelector('h1')?.focus({ preventScroll: true });
}

/** @param {Route} route */
const needsWorkspace = ({ page }) => page !== 'workspaces' && page !== 'notfound';

function showAttention() {
  attempt(() => attention.show(view.title(), countNeedsYou(store.state.tasks.values())));
}

/* ---------------------------------------------------------------- keyboard */

/** @type {Readonly<Record<string, () => void>>} */
const KEYS = { n: openNewTask, '/': search, '?': openHelp, b: () => router.go('/') };

function search() {
  if (router.route.page !== 'board' && router.route.page !== 'archive') router.go('/');
  painter.request(() => document.getElementById('search')?.focus());
}

/** `g`, then the first letter of a page of the navigation. @param {string} letter */
function goTo(letter) {
  const links = /** @type {NodeListOf<HTMLAnchorElement>} */ (document.querySelectorAll('.app-nav a[href]'));
  const link = [...links].find(({ textContent }) => textContent?.trim().toLowerCase().startsWith(letter));
  if (link) router.go(link.pathname);
  return link !== undefined;
}

let isGoing = false;

/** @param {KeyboardEvent} event */
function onKey(event) {
  const goes = isGoing;
  isGoing = false;
  if (isFind(event) && (!isCovered() || document.querySelector('dialog.palette[open]'))) {
    event.preventDefault();
    return openPalette();
  }
  if (event.defaultPrevented || !isPlain(event) || isCovered()) return;
  const key = keyOf(event);
  if (key === 'Escape' && event.target instanceof HTMLInputElement && event.target.id === 'search')
    return event.target.blur();
  if (isTyping(event.target)) return;
  if (goes && goTo(key)) return event.preventDefault();
  isGoing = key === 'g';
  const run = KEYS[key];
  if (run) run();
  else if (!view.key?.(event)) return;
  event.preventDefault();
}

/* ---------------------------------------------------------------- start */

installIcons();
store.subscribe((step) => {
  enterWorkspace();
  changes = mergeChanges(changes, step);
  showAttention();
  painter.request();
});
live.subscribe(onChange);
document.addEventListener('keydown', onKey);
new MutationObserver(() => element.isConnected || onChange()).observe(document.body, { childList: true });
document.addEventListener('close', onChange, true);
for (const touch of ['pointermove', 'pointerdown', 'keydown'])
  addEventListener(touch, prepare, { once: true, passive: true });
if (recall('notify') === 'on') notifiers.prepare();
router.start();
live.start();
draw();
