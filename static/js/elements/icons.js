// @ts-check
/** Lucide icons as one sprite inside the page: the badge must be drawn when the server is gone. */

import { html } from '../vendor/lit-html/lit-html.js';
import { SHAPES } from './icon-shapes.js';

/** @typedef {keyof typeof SHAPES} IconName */

const SVG = 'http://www.w3.org/2000/svg';

/** Puts the sprite into the page; once, before the first icon. */
export function installIcons() {
  const symbols = Object.entries(SHAPES).map(
    ([name, shapes]) => `<symbol id="icon-${name}" viewBox="0 0 24 24">${shapes}</symbol>`,
  );
  const sprite = new DOMParser().parseFromString(
    `<svg xmlns="${SVG}">${symbols.join('')}</svg>`,
    'image/svg+xml',
  ).documentElement;
  sprite.setAttribute('hidden', '');
  sprite.setAttribute('aria-hidden', 'true');
  document.body.prepend(sprite);
}

/**
 * Always decorative: the word stands beside it, or in the label.
 * @param {IconName|string} name
 * @param {string} [extra] classes
 */
export const icon = (name, extra = '') =>
  html`<svg
    class="icon ${extra}"
    aria-hidden="true"
    fill="none"
    stroke="currentColor"
    stroke-width="2"
    stroke-linecap="round"
    stroke-linejoin="round"
  >
    <use href="#icon-${name}"></use>
  </svg>`;
