// @ts-check
/** Names in sentences: on one line, made harmless, and each in its own direction. */

import { html } from '../vendor/lit-html/lit-html.js';
import { oneLine } from '../lib/visible.js';

/** @param {string} name */
export const named = (name) => html`<bdi>${oneLine(name)}</bdi>`;
