// @ts-check
/** Gathers all that happened since the last frame into one drawing. */

/**
 * Animation frames stop in a hidden tab, so there a timer draws: what others read from the page stays true. A drawing
 * that fails stops neither the next one nor what was to follow it.
 * @param {() => void} draw
 * @param {(error: unknown) => void} [onError]
 */
export function createPainter(draw, onError = console.error) {
  let waiting = false;
  /** @type {(() => void)[]} */
  let afterwards = [];

  function run() {
    waiting = false;
    draw(); // where it fails, they wait for one that does not
    const callbacks = afterwards;
    afterwards = [];
    for (const callback of callbacks) attempt(callback, onError);
  }

  document.addEventListener('visibilitychange', () => {
    if (waiting && document.hidden) setTimeout(run);
  });

  return {
    /** @param {() => void} [callback] called once the page shows what is true now */
    request(callback) {
      if (callback) afterwards.push(callback);
      if (waiting) return;
      waiting = true;
      if (document.hidden) setTimeout(run);
      else requestAnimationFrame(run);
    },
    /** At once: the next key must find the new element. */
    now: run,
  };
}

/**
 * For what must not stop the rest.
 * @param {() => void} act
 * @param {(error: unknown) => void} [onError]
 */
export function attempt(act, onError = console.warn) {
  try {
    act();
  } catch (error) {
    onError(error);
  }
}

/** @typedef {ReturnType<typeof createPainter>} Painter */
