// @ts-check
/** Questions about where the keyboard is. */

const TYPING = 'input, textarea, select, [contenteditable]';

/** Whether letters belong to a field now. @param {EventTarget|null} target */
export const isTyping = (target) => target instanceof Element && target.closest(TYPING) !== null;

/** Whether the event is a plain key, no chord. @param {KeyboardEvent} event */
export const isPlain = (event) => !event.ctrlKey && !event.metaKey && !event.altKey && !event.isComposing;

/** Ctrl+Enter, or Cmd+Enter. @param {KeyboardEvent} event */
export const isSubmit = (event) => event.key === 'Enter' && (event.ctrlKey || event.metaKey);

/** Whether something lies over the page and has the keyboard. */
export const isCovered = () => document.querySelector('dialog[open], [role="menu"]:popover-open') !== null;
