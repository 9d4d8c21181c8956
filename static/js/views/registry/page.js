// @ts-check
/** What the pages of agents, providers, settings and workspaces have in common. */

import { html, nothing } from '../../vendor/lit-html/lit-html.js';
import { icon } from '../../elements/icons.js';

/** @import {App} from '../../app.js' */

/**
 * @param {string} testid
 * @param {unknown} head
 * @param {unknown} body
 */
export const page = (testid, head, body) =>
  html`<div class="registry" data-testid=${testid}>
    <header class="registry-head">${head}</header>
    ${body}
  </div>`;

/**
 * @param {string} href
 * @param {string} label
 */
export const backLink = (href, label) =>
  html`<a class="back" href=${href} data-testid="back">${icon('arrow-left')}${label}</a>`;

/**
 * @param {string} title
 * @param {unknown} [note] beside it
 */
export const heading = (title, note = nothing) =>
  html`<div class="registry-title">
    <h1 tabindex="-1" data-testid="title">${title}</h1>
    ${note}
  </div>`;

/**
 * A sign with its word: colour is never the only one.
 * @param {'good'|'bad'|'busy'|'plain'} look
 * @param {string} name of the icon
 * @param {unknown} words
 */
export const sign = (look, name, words) =>
  html`<span class="sign is-${look}" data-testid="sign">${icon(name)}<span>${words}</span></span>`;

/**
 * @param {string} name of the icon
 * @param {string} title
 * @param {string} says
 * @param {unknown} action
 */
export const emptyTemplate = (name, title, says, action) =>
  html`<div class="empty" data-testid="empty">
    ${icon(name)}
    <h2>${title}</h2>
    <p>${says}</p>
    ${action}
  </div>`;

/**
 * Before the first snapshot.
 * @param {string} title
 * @param {App} app
 */
export function loadingTemplate(title, app) {
  const { reason } = app.live.status();
  return html`<div class="empty" aria-busy=${reason === null} data-testid="loading">
    ${icon(reason === null ? 'loader-circle' : 'cloud-off', reason === null ? 'spin' : '')}
    <h1 tabindex="-1">${title}</h1>
    <p>${reason ?? 'Fetching…'}</p>
  </div>`;
}

/**
 * What was typed is still there to be copied.
 * @param {string} testid
 * @param {string} title
 * @param {string} says
 * @param {readonly string[]} texts
 * @param {unknown} link
 */
export const goneTemplate = (testid, title, says, texts, link) =>
  html`<div class="empty" data-testid=${testid}>
    ${icon('trash-2')}
    <h1 tabindex="-1">${title}</h1>
    <p>${says}</p>
    ${
      texts.length > 0
        ? html`<section class="rescued" aria-label="Your unsaved text">
            <h2>Your unsaved text</h2>
            ${texts.map((text) => html`<pre tabindex="0">${text}</pre>`)}
          </section>`
        : nothing
    }
    <div class="empty-actions">${link}</div>
  </div>`;

/**
 * @param {string} href
 * @param {string} label
 */
export const buttonLink = (href, label) =>
  html`<a class="button is-primary" href=${href}>${icon('arrow-left')}${label}</a>`;

/**
 * A short glow on what a push has just changed.
 * @param {string} attribute
 * @param {Iterable<string>} names
 */
export function glow(attribute, names) {
  if (matchMedia('(prefers-reduced-motion: reduce)').matches) return;
  for (const name of names) {
    const element = document.querySelector(`[${attribute}="${CSS.escape(name)}"]`);
    element?.animate(
      { backgroundColor: ['var(--accent-soft)', 'transparent'] },
      { duration: 1400, easing: 'ease-out' },
    );
  }
}
