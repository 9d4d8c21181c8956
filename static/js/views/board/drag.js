// @ts-check
/** Drag and drop of cards: which card is over which column. Whether it may be dropped there is for the board to say. */

/** @import {StatusWord} from '../../types.js' */

/** @typedef {{id: string, over: StatusWord|null}} Drag */

/**
 * @param {{onChange: () => void, mayDrop: (id: string, status: StatusWord) => boolean, drop: (id: string, status:
 *   StatusWord) => void}} surroundings
 */
export function createDrag({ onChange, mayDrop, drop }) {
  /** @type {Drag|null} */
  let drag = null;
  /** @type {HTMLElement|null} */
  let card = null;

  /** @param {Drag|null} next */
  function set(next) {
    if (drag?.id === next?.id && drag?.over === next?.over) return;
    drag = next;
    onChange();
  }

  /** @param {DragEvent} event */
  function start(event) {
    card = cardAt(event);
    if (!card || !event.dataTransfer) return;
    event.dataTransfer.effectAllowed = 'move';
    event.dataTransfer.setData('text/plain', card.dataset.taskId ?? '');
    card.classList.add('is-dragged');
    set({ id: card.dataset.taskId ?? '', over: null });
  }

  /** @param {DragEvent} event */
  function over(event) {
    if (!drag) return;
    const status = columnAt(event);
    set({ id: drag.id, over: status });
    if (status === null || !mayDrop(drag.id, status)) return;
    event.preventDefault();
    if (event.dataTransfer) event.dataTransfer.dropEffect = 'move';
  }

  /** @param {DragEvent} event */
  function dropped(event) {
    const status = columnAt(event);
    if (!drag || status === null || !mayDrop(drag.id, status)) return;
    event.preventDefault();
    drop(drag.id, status);
    end();
  }

  /** Also after Escape, and after a drop elsewhere. */
  function end() {
    card?.classList.remove('is-dragged');
    card = null;
    set(null);
  }

  return {
    get current() {
      return drag;
    },
    /** An element that leaves the page while it is dragged never hears the end of it. */
    verify() {
      if (drag && !card?.isConnected) end();
    },
    start,
    over,
    dropped,
    end,
  };
}

/**
 * @param {{target: EventTarget|null}} event
 * @returns {HTMLElement|null}
 */
export const cardAt = (event) => (event.target instanceof Element ? event.target.closest('.card') : null);

/**
 * @param {Event} event
 * @returns {StatusWord|null}
 */
export function columnAt(event) {
  const column =
    event.target instanceof Element ? /** @type {HTMLElement|null} */ (event.target.closest('[data-column]')) : null;
  return /** @type {StatusWord|null} */ (column?.dataset.column ?? null);
}
