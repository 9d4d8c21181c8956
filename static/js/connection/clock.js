// @ts-check
/**
 * Time as the page counts it: it never goes back, whatever the machine's clock does.
 *
 * Neither clock of a browser will do alone. `Date.now` is set by people, by NTP and by the host of a virtual machine, in
 * both directions. `performance.now` is not, but most systems stop it while the machine sleeps. So time passes as the
 * second one says, and where the first has gone ahead of it, that was sleep.
 */

const JUMP_MS = 2_000; // less is an adjustment
const REST_MS = 10_000; // a clock that is set again and again is followed no more often

/** @typedef {ReturnType<typeof createClock>} Clock */

/**
 * @param {Object} [clocks]
 * @param {() => number} [clocks.wall]
 * @param {() => number} [clocks.steady]
 */
export function createClock({ wall = () => Date.now(), steady = () => performance.now() } = {}) {
  let ahead = wall() - steady(); // of the steady clock, as far as time has been counted
  let known = ahead; // of the steady clock, when the wall clock last was looked at
  let jumpedAt = -Infinity;

  return {
    now: () => steady() + ahead,

    /** Whether the machine has slept or its clock was set, since this was last true. Sleep counts as time from then on. */
    hasJumped() {
      const jump = wall() - steady() - known;
      if (Math.abs(jump) < JUMP_MS || steady() - jumpedAt < REST_MS) return false;
      jumpedAt = steady();
      known += jump;
      ahead += Math.max(0, jump);
      return true;
    },
  };
}
