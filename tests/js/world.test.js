// @ts-check
/** Whole lives of a page with a faulty network, by seed. `SEED=7 node --test tests/js/world.test.js` runs one again. */
import { test } from 'node:test';

import { createWorld } from './helpers/world.js';

const LIVES = Number(process.env.LIVES ?? 150);
const DEEDS = 400;
const seeds = process.env.SEED ? [Number(process.env.SEED)] : Array.from({ length: LIVES }, (_, index) => index + 1);

test(`at every moment the page shows a state that was, and in the end the one that is (${seeds.length} lives)`, () => {
  for (const seed of seeds) {
    try {
      createWorld(seed).live(DEEDS);
    } catch (error) {
      throw new Error(`seed ${seed}: ${/** @type {Error} */ (error).message}`, { cause: error });
    }
  }
});
