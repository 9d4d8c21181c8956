// @ts-check
/** Long texts are drawn in turns: so much in one go of the page, the rest in the next ones. */

const MAX_MS = 12;
const MAX_CHARACTERS = 32 * 1024;

/** @param {() => number} clock in ms */
export function createTurns(clock) {
  let isOpen = false;
  let began = 0;
  let drawn = 0;

  function begin() {
    [isOpen, began, drawn] = [true, clock(), 0];
    queueMicrotask(() => (isOpen = false));
  }

  return {
    /**
     * Whether so many characters may be drawn now. The first in a go always may, so that all come to their turn.
     * @param {number} characters
     */
    take(characters) {
      const isFirst = !isOpen;
      if (isFirst) begin();
      else if (clock() - began > MAX_MS || drawn + characters > MAX_CHARACTERS) return false;
      drawn += characters;
      return true;
    },
  };
}
