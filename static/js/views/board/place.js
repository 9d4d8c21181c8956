// @ts-check
/**
 * Where a person is on the board: the card with the focus, and how far each column is scrolled. Kept while another page
 * is open.
 */

/** @type {{focusId: string|null, scrolls: [string, number, number][]}} */
const left = { focusId: null, scrolls: [] };

const SCROLLERS = '.board, .column-body';

/** @param {() => HTMLElement|null} root */
export function createPlace(root) {
  let focusId = left.focusId;
  /** @type {string|null} */
  let focusedBefore = null;

  /**
   * @param {string} id
   * @returns {HTMLElement|null}
   */
  const linkOf = (id) => root()?.querySelector(`.card[data-task-id="${CSS.escape(id)}"] .card-link`) ?? null;

  /** The card that has the keyboard now. */
  const active = () =>
    /** @type {HTMLElement|null|undefined} */ (document.activeElement?.closest('.card'))?.dataset.taskId ?? null;

  /** @param {string} id */
  function focus(id) {
    const link = linkOf(id);
    link?.focus({ preventScroll: true });
    link?.closest('.card')?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
    return link !== null;
  }

  return {
    get focusId() {
      return focusId;
    },
    active,
    focus,
    linkOf,

    /** @param {string} id */
    note(id) {
      focusId = id;
    },

    beforeDrawing() {
      focusedBefore = active();
    },

    /** A card that moved to another column is another element: the focus goes with it. @param {string|null} fallback */
    afterDrawing(fallback) {
      if (focusedBefore === null || document.activeElement !== document.body) return;
      if (!focus(focusedBefore) && fallback !== null) focus(fallback);
    },

    leave() {
      const scrollers = /** @type {HTMLElement[]} */ ([...(root()?.parentElement?.querySelectorAll(SCROLLERS) ?? [])]);
      left.focusId = focusId;
      left.scrolls = scrollers.map((element) => [element.id, element.scrollLeft, element.scrollTop]);
    },

    /** @returns {boolean} whether a card took the focus */
    restore() {
      for (const [id, x, y] of left.scrolls) document.getElementById(id)?.scrollTo(x, y);
      return focusId !== null && focus(focusId);
    },
  };
}
