// @ts-check
/** A short glow on what has just been changed. */

const AT_MOST = 12;
/** In steps and by a property without a layer of its own: a glow must not take the frames from the next change. */
const FADE = { duration: 1200, easing: 'steps(6)' };

/**
 * @param {Iterable<string>} ids of tasks
 * @param {ParentNode|null} root
 */
export function highlight(ids, root) {
  if (matchMedia('(prefers-reduced-motion: reduce)').matches) return;
  for (const id of [...ids].slice(0, AT_MOST)) {
    root
      ?.querySelector(`.card[data-task-id="${CSS.escape(id)}"]`)
      ?.animate({ boxShadow: ['inset 0 0 0 2px var(--status)', 'inset 0 0 0 2px transparent'] }, FADE);
  }
}
