// @ts-check
/**
 * Markdown as elements. Raw HTML in it is shown as the text it is; what comes out is sanitised all the same. Loaded
 * when first needed.
 */

import DOMPurify from '../vendor/dompurify/purify.es.mjs';
import { Marked } from '../vendor/marked/marked.esm.js';

const FIRST_HEADING = 3;
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

DOMPurify.addHook('afterSanitizeAttributes', (node) => {
  if (node.tagName !== 'A') return;
  node.setAttribute('rel', 'noopener noreferrer');
  node.setAttribute('target', '_blank');
});

/**
 * Headings stand below those of the page, and none skips a level.
 * @param {import('../vendor/marked/marked.esm.js').TokensList} tokens
 */
function lowerHeadings(tokens) {
  let previous = FIRST_HEADING - 1;
  marked.walkTokens(tokens, (token) => {
    if (token.type === 'heading') previous = token.depth = Math.min(token.depth + FIRST_HEADING - 1, previous + 1, 6);
  });
}

/**
 * @param {string} text
 * @returns {DocumentFragment}
 */
export function markdownOf(text) {
  const tokens = marked.lexer(text);
  lowerHeadings(tokens);
  const html = marked.parser(tokens);
  return DOMPurify.sanitize(html, {
    RETURN_DOM_FRAGMENT: true,
    FORBID_ATTR: ['style', 'class', 'id'],
    FORBID_TAGS: ['style', 'form', 'input', 'button', 'img', 'svg', 'math'],
  });
}
