// @ts-check
/** What surrounds every page: header, connection badge, notices. */

import { html, nothing } from '../vendor/lit-html/lit-html.js';
import { badgeTemplate } from '../elements/badge.js';
import { button } from '../elements/button.js';
import { icon } from '../elements/icons.js';
import { mark } from '../elements/mark.js';

/** In the order of the navigation. */
const PAGES = [
  { page: 'board', href: '/', icon: 'columns-3', label: 'Board' },
  { page: 'insights', href: '/insights', icon: 'chart-column', label: 'Insights' },
  { page: 'agents', href: '/agents', icon: 'bot', label: 'Agents' },
  { page: 'providers', href: '/providers', icon: 'plug', label: 'Providers' },
  { page: 'settings', href: '/settings', icon: 'settings', label: 'Settings' },
  { page: 'workspaces', href: '/workspaces', icon: 'folder-open', label: 'Workspaces' },
];

/** @import {App} from '../app.js' */
/** @import {ThemeSwitch} from '../elements/theme.js' */

/**
 * @typedef {Object} Surroundings
 * @property {App} app
 * @property {ThemeSwitch} theme
 * @property {boolean} openToNetwork
 * @property {() => void} openHelp
 * @property {() => void} openPalette
 * @property {{label: () => string, isOn: () => boolean, switch: () => void}} notify
 */

/**
 * @param {Surroundings} surroundings
 * @param {unknown} page
 */
export function shellTemplate({ app, theme, openToNetwork, openHelp, openPalette, notify }, page) {
  const { page: open } = app.router.route;
  const isBoard = open === 'board';
  return html`<div class="app ${isBoard ? 'is-board' : ''}">
    <a class="skip-link" href="#main" @click=${skip}>Skip to the content</a>
    <header class="app-header">
      <a class="brand" href="/" aria-label="Chorus">${mark()}<span class="brand-name">Chorus</span></a>
      ${navigation(open)}
      <div class="app-tools">
        ${badgeTemplate(app.live.status(), { retry: app.live.retry, reload: () => location.reload() })}
        ${button({ label: 'Find anything (Ctrl K)', icon: 'search', iconOnly: true, look: 'is-quiet', run: openPalette, testid: 'open-palette' })}
        ${button({ label: notify.label(), icon: notify.isOn() ? 'bell' : 'bell-off', iconOnly: true, look: 'is-quiet wide-only', run: notify.switch, testid: 'notify' })}
        ${themeButton(app, theme)}
        ${button({ label: 'Keyboard shortcuts', icon: 'keyboard', iconOnly: true, look: 'is-quiet wide-only', run: openHelp, testid: 'help' })}
        ${newTaskButton(app)}
      </div>
    </header>
    ${openToNetwork ? bar('shield-alert', 'This board is open to the network and has no login: whoever reaches this address can change everything.', '') : nothing}
    ${app.blocked() && !app.live.status().closed ? bar('cloud-off', app.blocked(), 'is-bad') : nothing}
    <main class="app-main" id="main" tabindex="-1">${page}</main>
    ${app.notices.template()}
  </div>`;
}

/** In a row where there is room, else behind a button. @param {string} current */
const navigation = (current) =>
  html` <button type="button" class="button is-quiet is-icon nav-button" popovertarget="pages" data-testid="nav">
      ${icon('menu')}<span class="unseen">Pages</span>
    </button>
    <nav class="app-nav" id="pages" popover aria-label="Pages" @click=${chosen}>
      <ul>
        ${PAGES.map(
          ({ page, href, icon: name, label }) =>
            html` <li>
              <a
                href=${href}
                aria-current=${page === current ? 'page' : nothing}
                data-testid="nav-${page}"
                title=${label}
                >${icon(name)}<span class="nav-label">${label}</span></a
              >
            </li>`,
        )}
      </ul>
    </nav>`;

/** @param {Event} event */
function chosen(event) {
  const nav = /** @type {HTMLElement} */ (event.currentTarget);
  if (event.target instanceof Element && event.target.closest('a') && nav.matches(':popover-open')) nav.hidePopover();
}

/**
 * @param {App} app
 * @param {ThemeSwitch} theme
 */
function themeButton(app, theme) {
  const { icon: name, label } = theme.look();
  const run = () => {
    theme.switch();
    app.painter.request();
  };
  return button({ label, icon: name, iconOnly: true, look: 'is-quiet', run, testid: 'theme' });
}

/** A phone has no room for the words. @param {App} app */
const newTaskButton = (app) =>
  html`<button
    type="button"
    class="button is-primary new-task"
    data-testid="new-task"
    aria-keyshortcuts="n"
    @click=${app.openNewTask}
  >
    ${icon('plus')}<span class="wide-label">New task</span><kbd class="key wide-only" aria-hidden="true">n</kbd>
  </button>`;

/**
 * @param {string} name
 * @param {string|null} text
 * @param {string} look
 */
const bar = (name, text, look) =>
  html`<div class="app-bar ${look}" role="note" data-testid="bar">${icon(name)}<span>${text}</span></div>`;

/** @param {Event} event */
function skip(event) {
  event.preventDefault();
  document.getElementById('main')?.focus();
}
