// @ts-check
/** A native dialog: the browser keeps the focus inside and gives it back. A press on the backdrop closes it. */

import { createRoot } from '../lib/root.js';
import { html } from '../vendor/lit-html/lit-html.js';
import { button } from './button.js';
import { keyOf } from '../lib/keys.js';

/** @import {TemplateResult} from '../vendor/lit-html/lit-html.js' */

/**
 * @param {string} testid
 * @param {string} titleId
 * @param {() => TemplateResult} template
 * @param {() => void} [closed]
 */
export function createDialog(testid, titleId, template, closed = () => {}) {
  const element = document.createElement('dialog');
  element.className = 'dialog';
  element.dataset.testid = testid;
  element.setAttribute('aria-labelledby', titleId);
  element.addEventListener('pointerdown', (event) => {
    if (event.target === element) element.close();
  });
  // A key that ends a composition closes nothing.
  element.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && keyOf(event) === '') event.preventDefault();
  });
  element.addEventListener('close', closed);
  const root = createRoot(element);
  const draw = () => root.draw(template());

  return {
    element,
    draw,
    /** What it shows has changed elsewhere. */
    refresh: () => void (element.open && draw()),
    open() {
      if (element.open) return;
      document.body.append(element);
      draw();
      element.showModal();
    },
    close: () => element.close(),
    /** @param {string} selector */
    focus: (selector) => /** @type {HTMLElement|null} */ (element.querySelector(selector))?.focus(),
  };
}

/**
 * @param {string} id
 * @param {string} title
 * @param {() => void} close
 */
export const dialogHead = (id, title, close) =>
  html`<div class="dialog-head">
    <h2 id=${id}>${title}</h2>
    ${button({ label: 'Close', icon: 'x', iconOnly: true, look: 'is-quiet', run: close })}
  </div>`;
