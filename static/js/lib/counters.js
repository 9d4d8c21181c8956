// @ts-check
/** The daily counters as they are kept on the page: read once, then moved by events. Pure. */

/** @import {Counters, Insights, Metric} from '../types.js' */

export const DAY = 86_400_000;
export const RANGES = /** @type {const} */ ([7, 30, 90]);
const USUAL = 30;

/** The first millisecond of its UTC day. @param {number} at */
export const dayOf = (at) => at - (((at % DAY) + DAY) % DAY);

/** `?days=`, one of RANGES. @param {URLSearchParams} params */
export const daysOf = (params) => RANGES.find((days) => String(days) === params.get('days')) ?? USUAL;

/**
 * What an event has moved, on its day.
 * @param {Insights} insights
 * @param {{at: number, counters: Counters}} moved
 * @returns {Insights}
 */
export function addCounters(insights, { at, counters }) {
  const day = dayOf(at);
  const old = insights.days.find((each) => each.day === day);
  const others = insights.days.filter((each) => each !== old);
  const days = [...others, { day, counters: sum(old?.counters ?? {}, counters) }].sort((a, b) => a.day - b.day);
  return { ...insights, days, today: Math.max(insights.today, day) };
}

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
