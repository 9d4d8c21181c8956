// @ts-check
/** The board: eight columns, the strip of what needs you, search and filters. */

import { html, nothing } from '../vendor/lit-html/lit-html.js';
import { guard } from '../vendor/lit-html/directives/guard.js';
import { hindrancesOf, unconfinedAgents } from '../lib/agents.js';
import { neighbour, tasksThatNeedYou } from '../lib/board.js';
import { NO_FILTERS, boardUrl, isFiltering } from '../lib/filters.js';
import { recall, remember } from '../lib/storage.js';
import { stepTo, whyNot } from '../lib/transitions.js';
import { questionsUrl, taskUrl } from '../router.js';
import { STATUSES } from '../words.js';
import { columnTemplate } from './board/column.js';
import { cardAt, columnAt, createDrag } from './board/drag.js';
import { firstTask, nothingFits, unreadable } from './board/empty.js';
import { highlight } from './board/highlight.js';
import { createModel } from './board/model.js';
import { needsYouTemplate } from './board/needs-you.js';
import { createPlace } from './board/place.js';
import { toolbarTemplate } from './board/toolbar.js';
import { keyOf } from '../lib/keys.js';

/** @import {App, View} from '../app.js' */
/** @import {Column, Direction} from '../lib/board.js' */
/** @import {Filters} from '../lib/filters.js' */
/** @import {StatusWord, Task} from '../types.js' */

const PAGE = 30;
const NEAR_END_PX = 600;
const MINUTE = 60_000;

/** @type {Readonly<Record<string, Direction>>} */
const DIRECTIONS = {
  h: 'left',
  ArrowLeft: 'left',
  l: 'right',
  ArrowRight: 'right',
  k: 'up',
  ArrowUp: 'up',
  j: 'down',
  ArrowDown: 'down',
  Home: 'first',
  End: 'last',
};

/**
 * @param {App} app
 * @param {Filters} firstFilters
 * @returns {View}
 */
export function createBoard(app, firstFilters) {
  const { store, live, actions, saving, painter, menu, router } = app;
  let filters = firstFilters;
  let collapsed = new Set((recall('collapsed') ?? '').split(','));
  /** How many cards a column shows at most. @type {Map<StatusWord, number>} */
  const limits = new Map();
  const model = createModel(() => store.state);
  const place = createPlace(boardElement);
  const drag = createDrag({
    onChange: () => painter.request(),
    mayDrop: (id, status) => app.blocked() === null && dropReason(id, status) === null,
    drop: move,
  });

  /**
   * @param {Filters} next
   * @param {boolean} [typing] a step of typing is no step of Back
   */
  const changeFilters = (next, typing = false) => router.go(boardUrl(next), { replace: typing });

  /** @param {StatusWord} status */
  const limitOf = (status) => limits.get(status) ?? PAGE;

  /** Ids of the cards on screen, a list a column. */
  const grid = () =>
    model
      .visible(filters)
      .map(({ status, tasks }) =>
        collapsed.has(status) ? [] : tasks.slice(0, limitOf(status)).map((task) => task.id),
      );

  /** The one card that Tab reaches: the last that had the focus, else the first. */
  function tabStop() {
    const cards = grid();
    const { focusId } = place;
    return focusId !== null && cards.some((ids) => ids.includes(focusId)) ? focusId : neighbour(cards, null, 'first');
  }

  /* ------------------------------------------------------------ what a person does */

  /**
   * @param {string} id
   * @param {StatusWord} status
   */
  function dropReason(id, status) {
    const task = store.state.tasks.get(id);
    return task ? whyNot(task, status, hindrancesOf(store.state)) : 'It has been deleted.';
  }

  /**
   * @param {string} id
   * @param {StatusWord} status
   */
  function move(id, status) {
    const task = store.state.tasks.get(id);
    if (!task) return;
    const verb = stepTo(task, status)?.verb;
    if (verb === 'plan') void actions.plan(task);
    else if (verb === 'start') app.openStart(id);
    else if (verb === 'answer') router.go(questionsUrl(id));
    else void actions.move(task, status);
  }

  /**
   * @param {string} id
   * @param {HTMLElement} anchor
   */
  function openMenu(id, anchor) {
    const task = store.state.tasks.get(id);
    if (!task) return;
    const verbs = {
      open: () => router.go(taskUrl(id)),
      move: (/** @type {StatusWord} */ to) => move(id, to),
      remove: () => void actions.deleteTask(task),
    };
    menu.open(anchor, task, verbs);
  }

  /** @param {StatusWord} status */
  function toggleColumn(status) {
    collapsed = new Set(STATUSES.filter((each) => collapsed.has(each) !== (each === status)));
    remember('collapsed', [...collapsed].join(','));
    painter.request();
  }

  /** @param {StatusWord|undefined} status */
  function showMore(status) {
    const column = model.visible(filters).find((each) => each.status === status);
    if (!column || limitOf(column.status) >= column.tasks.length) return;
    limits.set(column.status, limitOf(column.status) + PAGE);
    painter.request();
  }

  /* ------------------------------------------------------------ keyboard */

  /** @param {KeyboardEvent} event */
  function key(event) {
    const name = keyOf(event);
    const direction = DIRECTIONS[name];
    if (direction) return isFree(name) && step(direction);
    const card = cardAt(event);
    if (!card || !(name === 'm' || name === 'ContextMenu' || (name === 'F10' && event.shiftKey))) return false;
    openMenu(card.dataset.taskId ?? '', /** @type {HTMLElement} */ (card.querySelector('.card-link')));
    return true;
  }

  /** Arrows belong to whatever else has the focus; letters do not. @param {string} name */
  const isFree = (name) =>
    name.length === 1 ||
    cardAt({ target: document.activeElement }) !== null ||
    document.activeElement === document.body;

  /** @param {Direction} direction */
  function step(direction) {
    const current = place.active();
    const target = current === null ? tabStop() : neighbour(grid(), current, direction);
    if (target === null) return false;
    if (target === current && direction === 'down') showMore(store.state.tasks.get(target)?.status.type);
    return place.focus(target);
  }

  /* ------------------------------------------------------------ events of the columns */

  /** @param {Event} event */
  function clicked(event) {
    const target =
      event.target instanceof Element ? /** @type {HTMLElement|null} */ (event.target.closest('[data-action]')) : null;
    const status = columnAt(event);
    if (!target || !status) return;
    if (target.dataset.action === 'menu') openMenu(cardAt(event)?.dataset.taskId ?? '', target);
    if (target.dataset.action === 'collapse') toggleColumn(status);
    if (target.dataset.action === 'more') showMore(status);
  }

  /** @param {Event} event */
  function focused(event) {
    const id = cardAt(event)?.dataset.taskId;
    if (id === undefined || id === place.focusId) return;
    place.note(id);
    painter.request();
  }

  /** Near its end a column shows more by itself. @param {Event} event */
  function scrolled(event) {
    const body = /** @type {HTMLElement} */ (event.target);
    const status = columnAt(event);
    if (status && body.scrollHeight - body.scrollTop - body.clientHeight < NEAR_END_PX) showMore(status);
  }

  const onScroll = { handleEvent: scrolled, capture: true, passive: true };

  /* ------------------------------------------------------------ drawing */

  /** @param {Task} task */
  const savingOf = (task) => (saving.of(`task:${task.id}:status`) ?? saving.of(`task:${task.id}:delete`))?.says ?? null;

  /** @param {StatusWord} status */
  function dragLook(status) {
    const { current } = drag;
    if (!current) return null;
    const isHome = store.state.tasks.get(current.id)?.status.type === status;
    const reason = isHome ? null : (app.blocked() ?? dropReason(current.id, status));
    return { isTarget: !isHome && reason === null, isOver: !isHome && current.over === status, reason };
  }

  /**
   * Drawn again only when something in it has changed.
   * @param {Column} column
   * @param {string|null} stop
   * @param {ReadonlySet<string>} unconfined
   */
  function guarded(column, stop, unconfined) {
    const { status } = column;
    const now = live.now();
    const look = {
      limit: limitOf(status),
      collapsed: collapsed.has(status),
      loading: store.state.epoch === null,
      filtering: isFiltering(filters),
      focusId: stop !== null && store.state.tasks.get(stop)?.status.type === status ? stop : null,
      drag: dragLook(status),
    };
    const reasons = [
      column,
      Math.floor(now / MINUTE),
      saving.version,
      [...unconfined].join(' '),
      ...Object.values({ ...look, ...look.drag, drag: null }),
    ];
    return guard(reasons, () => columnTemplate(column, { ...look, now, unconfined, savingOf }));
  }

  function overlay() {
    if (store.state.epoch === null)
      return live.status().reason === null ? nothing : unreadable(live.status(), live.retry);
    if (store.state.tasks.size === 0) return firstTask(app.openNewTask, app.blocked());
    return model.visible(filters).some(({ tasks }) => tasks.length > 0) || !isFiltering(filters)
      ? nothing
      : nothingFits(() => changeFilters(NO_FILTERS), filters.q);
  }

  function template() {
    model.refresh(filters);
    place.beforeDrawing();
    const stop = tabStop();
    const unconfined = unconfinedAgents(store.state.agents);
    return html`<h1 class="unseen" tabindex="-1">Board</h1>
      ${toolbarTemplate(filters, model.all, model.agents, changeFilters)}
      ${guard([model.all], () => needsYouTemplate(tasksThatNeedYou(model.all), store.state.epoch === null))}
      <div
        class="board"
        id="board"
        data-testid="board"
        aria-busy=${store.state.epoch === null}
        @click=${clicked}
        @focusin=${focused}
        @scroll=${onScroll}
        @dragstart=${drag.start}
        @dragover=${drag.over}
        @drop=${drag.dropped}
        @dragend=${drag.end}
      >
        ${model.visible(filters).map((column) => guarded(column, stop, unconfined))} ${overlay()}
      </div>`;
  }

  return {
    title: () => 'Board',
    template,
    key,
    routed(route) {
      if (route.page === 'board') filters = route.filters;
    },
    painted(changes) {
      drag.verify();
      place.afterDrawing(tabStop());
      if (changes?.source === 'push') highlight(changes.tasks, boardElement());
    },
    arrive: () => place.restore(),
    recover: () => place.focusId !== null && place.focus(place.focusId),
    leave: () => place.leave(),
  };
}

const boardElement = () => document.getElementById('board');
