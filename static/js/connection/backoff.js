// @ts-check
/** How long to wait before the next try. Pure: `random` in [0, 1) is given. */

const QUICK_TRIES = 8;
const LIMIT_MS = 20_000;

/**
 * The first eight tries come within a second each, so that all pages are back a second after the server;
 * then full jitter, doubling up to 20 s.
 * @param {number} failures tries that failed before this one
 * @param {number} random
 */
export function retryDelay(failures, random) {
  if (failures < QUICK_TRIES) return 300 + 700 * random;
  return Math.min(LIMIT_MS, 2000 * 2 ** (failures - QUICK_TRIES)) * random;
}
