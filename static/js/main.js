// @ts-check
/** The page, put together. What it consists of, in the order in which it depends on each other. */

import { createActions } from './actions.js';
import { createApi } from './api.js';
import { mergeChanges } from './changes.js';
import { readConfig } from './connection/config.js';
import { createLive } from './connection/live.js';
import { createDrafts } from './drafts.js';
import { createAttention } from './elements/attention.js';
import { installIcons } from './elements/icons.js';
import { createMenu } from './elements/menu.js';
import { createNotices } from './elements/notices.js';
import { createTheme } from './elements/theme.js';
import { countNeedsYou } from './lib/board.js';
import { isCovered, isPlain, isTyping } from './lib/focus.js';
import { createLater } from './lib/later.js';
import { createPainter } from './lib/painter.js';
import { loadStyles } from './lib/styles.js';
import { createRouter } from './router.js';
import { createSaving } from './saving.js';
import { createStore } from './store.js';
import { createUploads } from './uploads.js';
import { render } from './vendor/lit-html/lit-html.js';
import { createBoard } from './views/board.js';
import { createLazy } from './views/lazy.js';
import { shellTemplate } from './views/shell.js';

/** @import {App, View} from './app.js' */
/** @import {Route} from './router.js' */
/** @import {Changes} from './types.js' */

const config = readConfig();
const painter = createPainter(draw);
const onChange = () => painter.request();

const store = createStore();
const api = createApi();
const drafts = createDrafts();
const live = createLive({ store, api, config, settle: painter.request });
const notices = createNotices(onChange);
const router = createRouter(follow);
const saving = createSaving({ whenShown: live.whenShown, onChange });
const uploads = createUploads({ api, notices, whenShown: live.whenShown, onChange });
const actions = createActions({ api, notices, saving, uploads });
const dialogs = createLater(loadDialogs, () => notices.error('The dialog could not be fetched.', { advice: 'Check that Chorus is running, then try again.' }));

/** @type {App} */
const app = { store, live, drafts, actions, saving, uploads, notices, menu: createMenu(), router, painter, blocked, openNewTask };

const root = /** @type {HTMLElement} */ (document.getElementById('app'));
const theme = createTheme();
const attention = createAttention();
let view = viewOf(router.route);
/** What the store has changed since the last drawing. @type {Changes|null} */
let changes = null;

async function loadDialogs() {
  const [{ createDialogs }] = await Promise.all([import('./elements/dialogs.js'), loadStyles('/css/dialogs.css')]);
  return createDialogs({ actions, drafts, notices, router, blocked, isLive: () => live.status().kind === 'live' });
}

function openNewTask() {
  dialogs.use(({ newTask }) => newTask.open());
}

function openHelp() {
  dialogs.use(({ help }) => help.open());
}

/** Actions work with only the socket down; without HTTP none can. */
function blocked() {
  return live.status().kind === 'offline' ? 'Chorus cannot be reached, so nothing can be saved now. What you type is kept.' : null;
}

/* ---------------------------------------------------------------- pages */

/** @param {Route} route @returns {View} */
function viewOf(route) {
  switch (route.page) {
    case 'board': return createBoard(app, route.filters);
    case 'task': return createLazy('Task', () => loadTask(route.id), onChange);
    case 'insights': return createLazy('Insights', () => loadInsights(route.days), onChange);
    case 'notfound': return createLazy('Not found', async () => (await import('./views/notfound.js')).createNotFound(route.path), onChange);
  }
}

/** @param {string} id */
async function loadTask(id) {
  const [{ createTask }] = await Promise.all([import('./views/task.js'), loadStyles('/css/task.css')]);
  return createTask(app, id);
}

/** @param {number} days */
async function loadInsights(days) {
  const [{ createInsights }] = await Promise.all([import('./views/insights.js'), loadStyles('/css/insights.css')]);
  return createInsights(app, days);
}

let openPage = nameOf(router.route);

/** Filters are places within a page; tasks are pages of their own. @param {Route} route */
function nameOf(route) {
  return route.page === 'task' ? `task:${route.id}` : route.page;
}

/** @param {Route} route */
function follow(route) {
  const isSamePage = nameOf(route) === openPage;
  openPage = nameOf(route);
  if (isSamePage) {
    view.routed?.(route);
    return onChange();
  }
  view.leave?.();
  view = viewOf(route);
  painter.request(arrive);
}

/** Who hears the page is told where they are; who sees it starts at its top. */
function arrive() {
  scrollTo(0, 0);
  if (!view.arrive?.()) document.querySelector('h1')?.focus({ preventScroll: true });
}

/* ---------------------------------------------------------------- drawing */

function draw() {
  render(shellTemplate({ app, theme, openToNetwork: config.openToNetwork, openHelp }, view.template()), root);
  dialogs.value?.newTask.refresh();
  showAttention();
  const painted = changes;
  changes = null;
  view.painted?.(painted);
}

function showAttention() {
  attention.show(view.title(), countNeedsYou(store.state.tasks.values()));
}

/* ---------------------------------------------------------------- keyboard */

/** @type {Readonly<Record<string, () => void>>} */
const KEYS = { n: openNewTask, '/': search, '?': openHelp, b: () => router.go('/') };

function search() {
  if (router.route.page !== 'board') router.go('/');
  painter.request(() => document.getElementById('search')?.focus());
}

/** @param {KeyboardEvent} event */
function onKey(event) {
  if (event.defaultPrevented || !isPlain(event) || isCovered()) return;
  if (event.key === 'Escape' && event.target instanceof HTMLInputElement && event.target.id === 'search') return event.target.blur();
  if (isTyping(event.target)) return;
  const run = KEYS[event.key];
  if (run) run();
  else if (!view.key?.(event)) return;
  event.preventDefault();
}

/* ---------------------------------------------------------------- start */

installIcons();
root.replaceChildren();
store.subscribe((step) => {
  changes = mergeChanges(changes, step);
  showAttention();
  painter.request();
});
live.subscribe(onChange);
document.addEventListener('keydown', onKey);
for (const touch of ['pointermove', 'pointerdown', 'keydown']) addEventListener(touch, dialogs.prepare, { once: true, passive: true });
router.start();
live.start();
draw();
