// @ts-check
/**
 * The sign of Chorus: three voices, one louder. In the header, and in the tab with the number of tasks that need you.
 */

import { html } from '../vendor/lit-html/lit-html.js';

const BARS = 'M5 9.5v5M12 4v16M19 7.5v9';

export const mark = () =>
  html`<svg
    viewBox="0 0 24 24"
    aria-hidden="true"
    fill="none"
    stroke="currentColor"
    stroke-width="4"
    stroke-linecap="round"
  >
    <path d="${BARS}"></path>
  </svg>`;

/**
 * @param {number} count
 * @returns {string} a data address
 */
export function faviconOf(count) {
  const place = count === 0 ? '2 2' : '-2 6';
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">
    <g transform="translate(${place}) scale(1.15)" fill="none" stroke="#3b6fe0" stroke-width="4" stroke-linecap="round"><path d="${BARS}"/></g>
    ${count === 0 ? '' : counter(count)}</svg>`;
  return `data:image/svg+xml,${encodeURIComponent(svg)}`;
}

/** @param {number} count */
const counter = (count) => `<circle cx="21" cy="11" r="11" fill="#c92a2a"/>
  <text x="21" y="16.2" font-family="sans-serif" font-weight="700" font-size="${count > 9 ? 13 : 15}" fill="#fff" text-anchor="middle">${Math.min(count, 99)}</text>`;
