// @ts-check
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { age, ageInWords, duration, moment } from '../../../static/js/lib/time.js';

const now = new Date(2026, 2, 29, 12, 0, 0).getTime();
const SECOND = 1000;
const HOUR = 3600 * SECOND;

for (const [ago, text, words] of /** @type {const} */ ([
  [-5 * SECOND, 'now', 'just now'],
  [59 * SECOND, 'now', 'just now'],
  [60 * SECOND, '1m', '1 minute ago'],
  [59 * 60 * SECOND, '59m', '59 minutes ago'],
  [HOUR, '1h', '1 hour ago'],
  [23 * HOUR, '23h', '23 hours ago'],
  [24 * HOUR, '1d', '1 day ago'],
  [6 * 24 * HOUR, '6d', '6 days ago'],
])) {
  test(`${ago} ms ago is ${text}`, () =>
    assert.deepEqual([age(now - ago, now), ageInWords(now - ago, now)], [text, words]));
}

test('older things have their day', () => assert.match(age(new Date(2026, 0, 2).getTime(), now), /^2 Jan$/));

test('today, yesterday, this year, another year', () => {
  /**
   * @param {number} year
   * @param {number} month
   * @param {number} day
   */
  const at = (year, month, day) => moment(new Date(year, month, day, 9, 5).getTime(), now);
  assert.deepEqual(
    [at(2026, 2, 29), at(2026, 2, 28), at(2026, 2, 1), at(2025, 11, 24)],
    ['Today 09:05', 'Yesterday 09:05', '1 Mar 09:05', '24 Dec 2025 09:05'],
  );
});

test('yesterday is the day before, however long it was', () => {
  const early = new Date(2026, 2, 29, 0, 30).getTime();
  assert.match(moment(new Date(2026, 2, 28, 0, 15).getTime(), early), /^Yesterday/);
});

for (const [ms, text] of /** @type {const} */ ([
  [-1, '0s'],
  [8000, '8s'],
  [252_000, '4m 12s'],
  [7_500_000, '2h 5m'],
  [273_600_000, '3d 4h'],
])) {
  test(`${ms} ms last ${text}`, () => assert.equal(duration(ms), text));
}
