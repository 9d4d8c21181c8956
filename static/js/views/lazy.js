// @ts-check
/** A page whose code is fetched when it is first opened. */

import { html } from '../vendor/lit-html/lit-html.js';
import { button } from '../elements/button.js';
import { icon } from '../elements/icons.js';

/** @import {View} from '../app.js' */

/**
 * @param {string} title until it is there
 * @param {() => Promise<View>} load
 * @param {() => void} redraw
 * @returns {View}
 */
export function createLazy(title, load, redraw) {
  /** @type {View|null} */
  let view = null;
  /** What the browser said when the page could not be opened. @type {string|null} */
  let failure = null;
  let hasLeft = false;
  let wantsFocus = false;

  async function start() {
    try {
      const loaded = await load();
      if (hasLeft) return void loaded.leave?.();
      view = loaded;
    } catch (error) {
      failure = String(error);
    }
    redraw();
  }

  void start();

  return {
    title: () => view?.title() ?? title,
    template: () => view?.template() ?? (failure === null ? opening(title) : failed(failure)),
    routed: (route) => view?.routed?.(route),
    key: (event) => view?.key?.(event) ?? false,
    recover: () => view?.recover?.() ?? false,
    arrive() {
      wantsFocus = true;
      return view?.arrive?.() ?? false;
    },
    painted(changes) {
      if (view && wantsFocus) {
        wantsFocus = false;
        if (!view.arrive?.()) /** @type {HTMLElement|null} */ (document.querySelector('h1'))?.focus();
      }
      view?.painted?.(changes);
    },
    leave() {
      hasLeft = true;
      view?.leave?.();
    },
  };
}

/** @param {string} title */
const opening = (title) =>
  html`<div class="empty" aria-busy="true">
    <h1 class="unseen" tabindex="-1">${title}</h1>
    ${icon('loader-circle', 'spin')}
    <p>Opening…</p>
  </div>`;

/**
 * Chromium does not fetch a module again that it once could not: only a new page does.
 * @param {string} reason
 */
const failed = (reason) =>
  html`<div class="empty" data-testid="page-error">
    ${icon('cloud-off')}
    <h1 tabindex="-1">This page could not be opened</h1>
    <p>Check that Chorus is running, then load the page again. What you have typed is kept.</p>
    <p>The browser says: <span translate="no">${reason}</span></p>
    ${button({ label: 'Load again', icon: 'refresh-cw', run: () => location.reload() })}
  </div>`;
