// @ts-check
/** Addresses: every page and every filter is one. Back and Forward work, and links open as links do. */

import { daysOf } from './lib/counters.js';
import { filtersOf } from './lib/filters.js';

/** @import {Filters} from './lib/filters.js' */

/** What the history of a task shows; '': all. @typedef {{q: string, topic: string}} HistoryFilter */
/**
 * `name` null and not `isNew`: the list of all.
 * @typedef {{page: 'agents'|'providers', name: string|null, isNew: boolean}} RegistryRoute
 */
/**
 * @typedef {{page: 'board', filters: Filters} | ({page: 'task', id: string, anchor: string} & HistoryFilter) |
 *   RegistryRoute | {page: 'settings'} | {page: 'workspaces'} | {page: 'insights', days: number} | {page: 'archive', q:
 *   string} | {page: 'notfound', path: string}} Route
 */

/**
 * @param {string} path
 * @param {string} [query]
 * @param {string} [hash] a place on the page of a task
 * @returns {Route}
 */
export function routeOf(path, query = '', hash = '') {
  const segments = path.split('/').filter((segment) => segment !== '');
  if (segments.length === 0 || (segments.length === 1 && segments[0] === 'tasks')) {
    return { page: 'board', filters: filtersOf(new URLSearchParams(query)) };
  }
  const [page, id] = segments;
  if (segments.length === 2 && page === 'tasks')
    return taskRoute(/** @type {string} */ (id), new URLSearchParams(query), hash);
  if (segments.length <= 2 && (page === 'agents' || page === 'providers'))
    return registryRoute(page, id, query) ?? { page: 'notfound', path };
  if (segments.length === 1 && (page === 'settings' || page === 'workspaces')) return { page };
  if (segments.length === 1 && page === 'insights') return { page, days: daysOf(new URLSearchParams(query)) };
  if (segments.length === 1 && page === 'archive') return { page, q: new URLSearchParams(query).get('q') ?? '' };
  return { page: 'notfound', path };
}

/**
 * @param {string} id
 * @param {URLSearchParams} params
 * @param {string} hash
 * @returns {Route}
 */
const taskRoute = (id, params, hash) => ({
  page: 'task',
  id: id.toLowerCase(),
  anchor: hash.slice(1),
  q: params.get('q') ?? '',
  topic: params.get('topic') ?? '',
});

/**
 * @param {'agents'|'providers'} page
 * @param {string|undefined} segment
 * @param {string} query
 * @returns {RegistryRoute|null}
 */
function registryRoute(page, segment, query) {
  if (segment === undefined) return { page, name: null, isNew: new URLSearchParams(query).has('new') };
  try {
    return { page, name: decodeURIComponent(segment), isNew: false };
  } catch {
    return null;
  }
}

/** @param {string} name */
export const agentUrl = (name) => `/agents/${encodeURIComponent(name)}`;

/** @param {string} name */
export const providerUrl = (name) => `/providers/${encodeURIComponent(name)}`;

/** @param {string} id */
export const taskUrl = (id) => `/tasks/${encodeURIComponent(id)}`;

/**
 * @param {string} taskId
 * @param {string} runId
 */
export const runUrl = (taskId, runId) => `${taskUrl(taskId)}#run-${runId}`;

/**
 * @param {string} taskId
 * @param {HistoryFilter} filter
 */
export function historyUrl(taskId, { q, topic }) {
  const params = new URLSearchParams({ ...(q && { q }), ...(topic && { topic }) }).toString();
  return params === '' ? taskUrl(taskId) : `${taskUrl(taskId)}?${params}`;
}

/** @param {string} taskId */
export const questionsUrl = (taskId) => `${taskUrl(taskId)}#questions`;

/** @param {string} q */
export const archiveUrl = (q) => (q === '' ? '/archive' : `/archive?${new URLSearchParams({ q })}`);

/** @param {(route: Route) => void} onChange */
export function createRouter(onChange) {
  let route = here();

  function here() {
    return routeOf(location.pathname, location.search, location.hash);
  }

  function changed() {
    route = here();
    onChange(route);
  }

  /**
   * To where one is already is no step, but its place is shown again.
   * @param {string} url
   * @param {{replace?: boolean}} [options]
   */
  function go(url, { replace = false } = {}) {
    if (replace || url === location.pathname + location.search + location.hash) history.replaceState(null, '', url);
    else history.pushState(null, '', url);
    changed();
  }

  /** @param {MouseEvent} event */
  function follow(event) {
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    if (
      !link ||
      !isOurs(link) ||
      event.defaultPrevented ||
      event.button !== 0 ||
      event.metaKey ||
      event.ctrlKey ||
      event.shiftKey ||
      event.altKey
    )
      return;
    event.preventDefault();
    go(link.pathname + link.search + link.hash);
  }

  return {
    get route() {
      return route;
    },
    go,
    start() {
      addEventListener('popstate', changed);
      document.addEventListener('click', follow);
    },
  };
}

/** @typedef {ReturnType<typeof createRouter>} Router */

/** Pages and places on them, not files of the API. @param {HTMLAnchorElement} link */
const isOurs = (link) =>
  link.origin === location.origin &&
  !link.target &&
  !link.hasAttribute('download') &&
  !link.pathname.startsWith('/api/');
