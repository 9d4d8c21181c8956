// @ts-check
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createClock } from '../../static/js/connection/clock.js';
import { createRandom } from './helpers/random.js';

function createClocks() {
  const clocks = { wall: 1_000_000, steady: 500 };
  return { clocks, clock: createClock({ wall: () => clocks.wall, steady: () => clocks.steady }) };
}

test('begins at the time of the machine, and goes on as both clocks do', () => {
  const { clocks, clock } = createClocks();
  assert.equal(clock.now(), 1_000_000);
  clocks.wall += 70;
  clocks.steady += 70;
  assert.deepEqual([clock.hasJumped(), clock.now()], [false, 1_000_070]);
});

test('sleep is time that passes, once', () => {
  const { clocks, clock } = createClocks();
  clocks.wall += 3_600_000;
  assert.deepEqual([clock.hasJumped(), clock.hasJumped(), clock.now()], [true, false, 4_600_000]);
});

test('a clock that is put back takes no time away', () => {
  const { clocks, clock } = createClocks();
  clocks.wall -= 3_600_000;
  clocks.steady += 100;
  assert.deepEqual([clock.now(), clock.hasJumped(), clock.now()], [1_000_100, true, 1_000_100]);
});

test('adjustments are no jumps until they come to seconds', () => {
  const { clocks, clock } = createClocks();
  const seen = Array.from({ length: 9 }, () => {
    clocks.wall += 300;
    return clock.hasJumped();
  });
  assert.deepEqual(seen.indexOf(true), 6);
});

test('a clock that is set at every look is followed every ten seconds', () => {
  const { clocks, clock } = createClocks();
  let jumps = 0;
  for (let second = 0; second < 100; second++) {
    clocks.steady += 1_000;
    clocks.wall += 1_000 + (second % 2 ? 3_600_000 : -3_600_000);
    if (clock.hasJumped()) jumps++;
  }
  assert.ok(jumps <= 10, `${jumps}`);
});

test('never goes back, never stands still while either clock of a machine moves on', () => {
  for (let seed = 1; seed <= 100; seed++) {
    const random = createRandom(seed);
    const { clocks, clock } = createClocks();
    for (let step = 0; step < 100; step++) {
      const before = clock.now();
      const passed = random.below(20_000);
      clocks.wall += passed;
      clocks.steady += passed;
      if (random.chance(0.3)) clocks.wall += random.below(7_200_000) - 3_600_000;
      clock.hasJumped();
      assert.ok(clock.now() - before >= passed, `seed ${seed}, step ${step}`);
    }
  }
});
