// @ts-check
/** Questions about where the keyboard is. */

const TYPING = 'input, textarea, select, [contenteditable]';

/** Whether letters belong to a field now. @param {EventTarget|null} target */
export const isTyping = (target) => target instanceof Element && target.closest(TYPING) !== null;

/** Notices when what had the keyboard has left the page, so that it can be put where it belongs. */
export function createFocusWatch() {
  /** @type {Element|null} */
  let last = null;
  document.addEventListener('focusin', (event) => {
    last = event.target instanceof Element ? event.target : null;
  });
  return {
    /** The browser itself notices what has been hidden only after the drawing. */
    isLost() {
      const active = document.activeElement === document.body ? last : document.activeElement;
      return active !== null && !(active.isConnected && active.checkVisibility()) && !isCovered();
    },
  };
}

/** Whether something lies over the page and has the keyboard. */
export const isCovered = () => document.querySelector('dialog[open], [role="menu"]:popover-open') !== null;
