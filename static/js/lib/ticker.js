// @ts-check
/** Draws once a second for as long as something on the page counts seconds. */

const SECOND = 1000;

/** @param {() => void} draw */
export function createTicker(draw) {
  /** @type {ReturnType<typeof setTimeout>|null} */
  let timer = null;

  function stop() {
    if (timer !== null) clearTimeout(timer);
    timer = null;
  }

  return {
    /** Called with each drawing. @param {boolean} isCounting */
    want(isCounting) {
      if (!isCounting) return stop();
      timer ??= setTimeout(() => {
        timer = null;
        draw();
      }, SECOND);
    },
    stop,
  };
}
