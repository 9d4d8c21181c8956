// @ts-check
/**
 * Markdown as elements. Raw HTML in it is shown as the text it is; what comes out is sanitised all the same. Loaded
 * when first needed.
 */

import DOMPurify from '../vendor/dompurify/purify.es.mjs';
import { Marked } from '../vendor/marked/marked.esm.js';
import { levelOf } from './sections.js';

const ESCAPES = /** @type {Record<string, string>} */ ({
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
});

/** @param {string} text */
const escape = (text) => text.replace(/[&<>"']/g, (sign) => ESCAPES[sign] ?? sign);

const marked = new Marked({
  gfm: true,
  breaks: true,
  renderer: {
    html: ({ text }) => escape(text),
    checkbox: ({ checked }) => (checked ? '☑ ' : '☐ '),
    // No request may go to another host: an image becomes a link to it.
    image: ({ href, text }) => `<a href="${escape(href)}">${escape(text || href)}</a>`,
  },
});

/** Each has the direction of its own first letter. */
const BLOCKS = new Set(['P', 'LI', 'UL', 'OL', 'BLOCKQUOTE', 'H3', 'H4', 'H5', 'H6', 'TH', 'TD', 'PRE']);

DOMPurify.addHook('afterSanitizeAttributes', (node) => {
  if (BLOCKS.has(node.tagName)) node.setAttribute('dir', 'auto');
  if (node.tagName !== 'A') return;
  node.setAttribute('rel', 'noopener noreferrer');
  node.setAttribute('target', '_blank');
});

/**
 * Headings stand below those of the page, and none skips a level.
 * @param {import('../vendor/marked/marked.esm.js').TokensList} tokens
 * @param {number} level
 */
function lowerHeadings(tokens, level) {
  let previous = level;
  marked.walkTokens(tokens, (token) => {
    if (token.type === 'heading') previous = token.depth = levelOf(token.depth, previous);
  });
}

/**
 * Of a section that the parser takes quickly (lib/sections.js).
 * @param {string} source
 * @param {number} level of the last heading before it
 * @returns {DocumentFragment}
 */
export function markdownOf(source, level) {
  const tokens = marked.lexer(source);
  lowerHeadings(tokens, level);
  const html = marked.parser(tokens);
  return DOMPurify.sanitize(html, {
    RETURN_DOM_FRAGMENT: true,
    FORBID_ATTR: ['style', 'class', 'id'],
    FORBID_TAGS: ['style', 'form', 'input', 'button', 'img', 'svg', 'math'],
  });
}
