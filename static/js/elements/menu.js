// @ts-check
/** One menu for the page, opened at any element. Arrows move, Escape closes, and the focus goes back where it was. */

import { createRoot } from '../lib/root.js';
import { html, nothing } from '../vendor/lit-html/lit-html.js';
import { icon } from './icons.js';
import { keyOf } from '../lib/keys.js';

/**
 * @typedef {Object} MenuItem
 * @property {string} label
 * @property {string} icon
 * @property {() => void} run
 * @property {string} [status] gives its hue
 * @property {string|null} [reason] why it cannot be chosen
 * @property {boolean} [danger]
 * @property {boolean} [apart] a line above it
 * @property {string} [testid]
 */

const MARGIN = 8;

export function createMenu() {
  const element = document.createElement('div');
  element.className = 'menu';
  element.popover = 'auto';
  element.dataset.testid = 'menu';
  element.dataset.loose = '';
  element.setAttribute('role', 'menu');
  element.addEventListener('keydown', onKey);
  // The key that opened it would open the browser's own on release.
  element.addEventListener('contextmenu', (event) => event.preventDefault());
  const root = createRoot(element);
  /** @type {HTMLElement|null} */
  let origin = null;

  /**
   * @param {HTMLElement} anchor
   * @param {string} title
   * @param {readonly MenuItem[]} items
   */
  function open(anchor, title, items) {
    origin = anchor;
    (anchor.closest('main') ?? document.body).append(element);
    element.setAttribute('aria-label', title);
    root.draw(menuTemplate(title, items, choose));
    element.showPopover();
    place(element, anchor.getBoundingClientRect());
    (enabled()[0] ?? all()[0])?.focus();
  }

  /** @param {MenuItem} item */
  function choose(item) {
    if (item.reason) return;
    close();
    item.run();
  }

  function close() {
    element.hidePopover();
    origin?.focus();
  }

  const all = () => /** @type {HTMLElement[]} */ ([...element.querySelectorAll('[role="menuitem"]')]);
  const enabled = () => all().filter((item) => item.getAttribute('aria-disabled') !== 'true');

  /** @param {KeyboardEvent} event */
  function onKey(event) {
    const key = keyOf(event);
    const items = all();
    const at = items.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    const target = {
      ArrowDown: (at + 1) % items.length,
      ArrowUp: (at - 1 + items.length) % items.length,
      Home: 0,
      End: items.length - 1,
    }[key];
    event.stopPropagation();
    if (target !== undefined) items[target]?.focus();
    else if (key === 'Tab' || key === 'Escape') close();
    else if (key.length === 1 && key !== ' ') startingWith(items, at, key)?.focus();
    else return;
    event.preventDefault();
  }

  return { open };
}

/**
 * The next item whose name begins with the letter.
 * @param {HTMLElement[]} items
 * @param {number} at
 * @param {string} letter
 */
function startingWith(items, at, letter) {
  const ordered = [...items.slice(at + 1), ...items.slice(0, at + 1)];
  return ordered.find((item) => item.textContent?.trim().toLowerCase().startsWith(letter.toLowerCase()));
}

/**
 * Below the anchor, or wherever it fits.
 * @param {HTMLElement} element
 * @param {DOMRect} anchor
 */
function place(element, anchor) {
  const { width, height } = element.getBoundingClientRect();
  const below = anchor.bottom + 4;
  const top = below + height > innerHeight - MARGIN ? Math.max(MARGIN, innerHeight - height - MARGIN) : below;
  element.style.top = `${top}px`;
  element.style.left = `${Math.max(MARGIN, Math.min(anchor.left, innerWidth - width - MARGIN))}px`;
}

/**
 * @param {string} title
 * @param {readonly MenuItem[]} items
 * @param {(item: MenuItem) => void} choose
 */
const menuTemplate = (title, items, choose) =>
  html` <div class="menu-title" aria-hidden="true" dir="auto">${title}</div>
    ${items.map(
      (item) =>
        html`${item.apart ? html`<div class="menu-line" role="separator"></div>` : nothing}
          <button
            type="button"
            role="menuitem"
            tabindex="-1"
            class="menu-item ${item.danger ? 'is-danger' : ''}"
            data-status=${item.status ?? nothing}
            data-testid=${item.testid ?? 'menu-item'}
            aria-disabled=${item.reason ? 'true' : nothing}
            @click=${() => choose(item)}
          >
            ${icon(item.icon)}<span class="menu-text"
              ><span>${item.label}</span
              >${item.reason ? html`<span class="menu-reason">${item.reason}</span>` : nothing}</span
            >
          </button>`,
    )}`;
