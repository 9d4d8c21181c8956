// @ts-check
/**
 * Shows a text as Markdown; as plain text until the parser is there, and for as long as it cannot be fetched.
 *
 * What people and agents have written may be translated by the browser, the page around it not.
 */

import { html } from '../vendor/lit-html/lit-html.js';
import { guard } from '../vendor/lit-html/directives/guard.js';

/** @type {((text: string) => DocumentFragment)|null} */
let parse = null;
/** @type {Promise<void>|null} */
let loading = null;

/** @param {() => void} onReady */
async function load(onReady) {
  try {
    ({ markdownOf: parse } = await import('../lib/markdown.js'));
    onReady();
  } catch {
    loading = null;
  }
}

/**
 * @param {string} text
 * @param {() => void} onReady draws again
 */
export function markdown(text, onReady) {
  if (parse === null) loading ??= load(onReady);
  return html`<div class="markdown" translate=${parse ? 'yes' : 'no'}>
    ${guard([text, parse], () => (parse ? parse(text) : html`<p class="plain">${text}</p>`))}
  </div>`;
}
