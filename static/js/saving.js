// @ts-check
/**
 * What is on its way: from the click until its event has come back on the live stream.
 * `saving`: no answer yet. `saved`: the server has it, but this screen does not show it yet.
 */

/** @import {Answer} from './api.js' */

/** @typedef {'saving'|'saved'} Progress */

/**
 * @param {{whenShown: (seqHeader: string|null) => Promise<unknown>, onChange: () => void}} surroundings
 */
export function createSaving({ whenShown, onChange }) {
  /** @type {Map<string, {progress: Progress, says: string}>} */
  const running = new Map();
  let version = 0;

  /**
   * @param {string} key
   * @param {{progress: Progress, says: string}|null} entry
   */
  function note(key, entry) {
    if (entry) running.set(key, entry);
    else running.delete(key);
    version += 1;
    onChange();
  }

  return {
    /**
     * Follows one change. A later one under the same key takes its place.
     * @param {string} key
     * @param {string} says what is happening, e.g. “Moving to Completed”
     * @param {() => Promise<Answer>} call
     * @returns {Promise<Answer>}
     */
    async follow(key, says, call) {
      const mine = { progress: /** @type {Progress} */ ('saving'), says };
      note(key, mine);
      const done = () => (running.get(key) === mine || running.get(key) === saved) && note(key, null);
      const saved = { progress: /** @type {Progress} */ ('saved'), says: 'Saved, not yet shown' };
      try {
        const answer = await call();
        if (running.get(key) === mine) note(key, saved);
        whenShown(answer.seqHeader).then(done, done);
        return answer;
      } catch (error) {
        done();
        throw error;
      }
    },

    /** Changes with every change of what `of` answers. */
    get version() {
      return version;
    },

    /** @param {string} key */
    of: (key) => running.get(key) ?? null,
  };
}

/** @typedef {ReturnType<typeof createSaving>} Saving */
