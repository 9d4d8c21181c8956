// @ts-check
/** A short glow on the sections that a push has just changed. */

/** @import {Task} from '../../types.js' */

/**
 * @param {Task} before
 * @param {Task} after
 */
export function glow(before, after) {
  if (before === after || matchMedia('(prefers-reduced-motion: reduce)').matches) return;
  for (const section of document.querySelectorAll('[data-section]')) {
    const field = /** @type {HTMLElement} */ (section).dataset.section ?? '';
    if (!isSame(before, after, field))
      section.animate(
        { backgroundColor: ['var(--accent-soft)', 'transparent'] },
        { duration: 1400, easing: 'ease-out' },
      );
  }
}

/**
 * @param {any} before
 * @param {any} after
 * @param {string} field
 */
const isSame = (before, after, field) => JSON.stringify(before[field]) === JSON.stringify(after[field]);
