// @ts-check
/** Keys as people mean them: on every layout, and never those of an input method. */

/** Keys of layouts with other letters, by the place where most keyboards have them. */
const PLACES = /^Key([A-Z])$/;
const SLASH = { plain: '/', shifted: '?' };
/** Safari tells of a key that ends a composition after the composition has ended; only its code says so. */
const COMPOSING = 229;

/**
 * The name of a key: a letter or sign, small without Shift whatever Caps Lock says, or a word such as `Enter`. '' while
 * an input method takes the keys.
 * @param {KeyboardEvent} event
 */
export function keyOf(event) {
  // A browser that fills in a form sends events without any key.
  if (!event.key || event.isComposing || event.keyCode === COMPOSING) return '';
  const key = event.key.normalize('NFKC');
  if ([...key].length !== 1) return event.key;
  if (!isOtherScript(key)) return cased(key, event.shiftKey);
  const letter = PLACES.exec(event.code)?.[1];
  if (letter) return cased(letter, event.shiftKey);
  return event.code === 'Slash' ? SLASH[event.shiftKey ? 'shifted' : 'plain'] : key;
}

/**
 * @param {string} key
 * @param {boolean} isShifted
 */
const cased = (key, isShifted) => (isShifted ? key.toUpperCase() : key.toLowerCase());

/** Whether it is a letter or mark that no layout with Latin letters has. @param {string} key */
const isOtherScript = (key) => /[\p{L}\p{M}\p{Nd}؟]/u.test(key) && !/[\p{Script=Latin}0-9ªº]/u.test(key);

/** Whether the event is a plain key, no chord, and writes nothing with AltGr. @param {KeyboardEvent} event */
export const isPlain = (event) =>
  keyOf(event) !== '' && !event.ctrlKey && !event.metaKey && !event.altKey && !event.getModifierState('AltGraph');

/** Ctrl+Enter, or Cmd+Enter. @param {KeyboardEvent} event */
export const isSubmit = (event) => keyOf(event) === 'Enter' && (event.ctrlKey || event.metaKey);

/** Ctrl+K, or Cmd+K. @param {KeyboardEvent} event */
export const isFind = (event) =>
  keyOf(event) === 'k' && (event.ctrlKey || event.metaKey) && !event.altKey && !event.getModifierState('AltGraph');
