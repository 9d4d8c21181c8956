// @ts-check
/** The daily counters as they are kept on the page: read once, then moved by events. Pure. */

/** @import {Counters, Insights, Metric} from '../types.js' */

export const DAY = 86_400_000;
export const RANGES = /** @type {const} */ ([7, 30, 90]);
const USUAL = 30;

/** `?days=`, one of RANGES. @param {URLSearchParams} params */
export const daysOf = (params) => RANGES.find((days) => String(days) === params.get('days')) ?? USUAL;

/**
 * What an event has moved today; null: it was another day, and only the server knows where its days begin.
 * @param {Insights} insights
 * @param {{at: number, counters: Counters}} moved
 * @returns {Insights|null}
 */
export function addCounters(insights, { at, counters }) {
  const { today, todayBegan, todayEnds } = insights;
  if (at < todayBegan || at >= todayEnds) return null;
  const old = insights.days.find((each) => each.day === today);
  const others = insights.days.filter((each) => each !== old);
  return { ...insights, days: [...others, { day: today, counters: sum(old?.counters ?? {}, counters) }] };
}

/**
 * The server's day, also after its midnight.
 * @param {Insights} insights
 * @param {number} now
 */
export const todayOf = ({ today, todayEnds }, now) =>
  now < todayEnds ? today : today + DAY * (1 + Math.floor((now - todayEnds) / DAY));

/**
 * @param {Counters} a
 * @param {Counters} b
 * @returns {Counters}
 */
export function sum(a, b) {
  const total = { ...a };
  for (const metric of /** @type {Metric[]} */ (Object.keys(b))) {
    const keys = { ...total[metric] };
    for (const [key, value] of Object.entries(b[metric] ?? {})) keys[key] = (keys[key] ?? 0) + value;
    total[metric] = keys;
  }
  return total;
}
