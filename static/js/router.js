// @ts-check
/** Addresses: every page and every filter is one. Back and Forward work, and links open as links do. */

import { daysOf } from './lib/counters.js';
import { filtersOf } from './lib/filters.js';

/** @import {Filters} from './lib/filters.js' */

/** @typedef {{page: 'board', filters: Filters} | {page: 'task', id: string} | {page: 'insights', days: number} | {page: 'notfound', path: string}} Route */

/** @param {string} path @param {string} [query] @returns {Route} */
export function routeOf(path, query = '') {
  const segments = path.split('/').filter((segment) => segment !== '');
  if (segments.length === 0 || (segments.length === 1 && segments[0] === 'tasks')) {
    return { page: 'board', filters: filtersOf(new URLSearchParams(query)) };
  }
  if (segments.length === 2 && segments[0] === 'tasks') return { page: 'task', id: /** @type {string} */ (segments[1]).toLowerCase() };
  if (segments.length === 1 && segments[0] === 'insights') return { page: 'insights', days: daysOf(new URLSearchParams(query)) };
  return { page: 'notfound', path };
}

/** @param {string} id */
export const taskUrl = (id) => `/tasks/${encodeURIComponent(id)}`;

/** @param {(route: Route) => void} onChange */
export function createRouter(onChange) {
  let route = here();

  function here() {
    return routeOf(location.pathname, location.search);
  }

  function changed() {
    route = here();
    onChange(route);
  }

  /** @param {string} url @param {{replace?: boolean}} [options] */
  function go(url, { replace = false } = {}) {
    if (url === location.pathname + location.search) return;
    if (replace) history.replaceState(null, '', url);
    else history.pushState(null, '', url);
    changed();
  }

  /** @param {MouseEvent} event */
  function follow(event) {
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    if (!link || !isOurs(link) || event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    go(link.pathname + link.search);
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

/** Pages, not files of the API, not fragments of this page. @param {HTMLAnchorElement} link */
const isOurs = (link) =>
  link.origin === location.origin && !link.target && !link.hasAttribute('download') && link.hash === '' && !link.pathname.startsWith('/api/');
