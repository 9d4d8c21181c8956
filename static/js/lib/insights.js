// @ts-check
/** What the insights show, made from the daily counters: numbers for plots and tables, and sentences. Pure. */

import { STATUSES } from '../words.js';
import { DAY, sum, todayOf } from './counters.js';
import { STATUS } from './statuses.js';
import { plural } from './text.js';
import { duration } from './time.js';

/** @import {Counters, Insights, StatusWord} from '../types.js' */

export const FLOWS = /** @type {const} */ (['created', 'completed', 'failed']);
export const ENDS = /** @type {const} */ (['succeeded', 'failed', 'other']);
/** How the states of an ended run are gathered. @type {Readonly<Record<string, typeof ENDS[number]>>} */
const END_OF = { succeeded: 'succeeded', failed: 'failed' };
const MICRO = 1_000_000;

/** @typedef {{status: StatusWord, moves: number, average: number}} TimeIn `average` in ms, of the tasks that left it */
/**
 * @typedef {{name: string, succeeded: number, failed: number, other: number, runs: number, ms: number, tokensIn:
 *   number, tokensOut: number, usd: number}} AgentUse
 */

/**
 * @typedef {Object} Picture
 * @property {number[]} days the server's, oldest first; the last is today
 * @property {Record<StatusWord, number[]>} tasks on the board at the end of each day
 * @property {Record<typeof FLOWS[number], number[]>} flow by day
 * @property {TimeIn[]} time
 * @property {AgentUse[]} agents who ran most, first
 * @property {boolean} isEmpty
 */

/**
 * @param {Insights} insights
 * @param {number} count days
 * @param {number} now
 * @returns {Picture}
 */
export function pictureOf(insights, count, now) {
  const last = todayOf(insights, now);
  const days = Array.from({ length: count }, (_, n) => last - (count - 1 - n) * DAY);
  const first = days[0] ?? last;
  const byDay = new Map(insights.days.map(({ day, counters }) => [day, counters]));
  const total = insights.days
    .filter(({ day }) => day >= first)
    .reduce((before, { counters }) => sum(before, counters), /** @type {Counters} */ ({}));
  const tasks = levels(insights, days);
  return {
    days,
    tasks,
    flow: recordOf(FLOWS, (name) => days.map((day) => byDay.get(day)?.flow?.[name] ?? 0)),
    time: STATUSES.map((status) => timeIn(total, status)).filter(({ moves }) => moves > 0),
    agents: agentsOf(total),
    isEmpty: Object.keys(total).length === 0 && STATUSES.every((status) => tasks[status].every((value) => value === 0)),
  };
}

/**
 * Sums of the changes up to the end of each day.
 * @param {Insights} insights
 * @param {number[]} days
 */
function levels({ before, days: changes }, days) {
  return recordOf(STATUSES, (status) => {
    let level = before[status] ?? 0;
    let next = 0;
    return days.map((day) => {
      for (; next < changes.length && /** @type {number} */ (changes[next]?.day) <= day; next += 1)
        level += changes[next]?.counters.tasks?.[status] ?? 0;
      return level;
    });
  });
}

/**
 * @param {Counters} total
 * @param {StatusWord} status
 * @returns {TimeIn}
 */
function timeIn({ left, spentMs }, status) {
  const moves = left?.[status] ?? 0;
  return { status, moves, average: moves > 0 ? (spentMs?.[status] ?? 0) / moves : 0 };
}

/**
 * @param {Counters} total
 * @returns {AgentUse[]}
 */
function agentsOf({ runs = {}, runMs = {}, tokensIn = {}, tokensOut = {}, costMicroUsd = {} }) {
  const names = new Set([
    ...Object.keys(runs).map((key) => key.split('/', 1)[0] ?? ''),
    ...Object.keys(tokensIn),
    ...Object.keys(tokensOut),
    ...Object.keys(costMicroUsd),
  ]);
  const used = [...names].map((name) => {
    const ends = { succeeded: 0, failed: 0, other: 0 };
    for (const [key, value] of Object.entries(runs)) {
      const [agent, state = ''] = key.split('/');
      if (agent === name) ends[END_OF[state] ?? 'other'] += value;
    }
    const count = ends.succeeded + ends.failed + ends.other;
    return {
      name,
      ...ends,
      runs: count,
      ms: runMs[name] ?? 0,
      tokensIn: tokensIn[name] ?? 0,
      tokensOut: tokensOut[name] ?? 0,
      usd: (costMicroUsd[name] ?? 0) / MICRO,
    };
  });
  return used.sort((a, b) => b.runs - a.runs || (a.name < b.name ? -1 : 1));
}

/* ---------------------------------------------------------------- sentences */

/** @param {Picture} picture */
export function tellTasks({ tasks, days }) {
  const at = (/** @type {number} */ index) =>
    STATUSES.reduce((count, status) => count + (tasks[status].at(index) ?? 0), 0);
  const now = at(-1);
  const change = now - at(0);
  const trend =
    change === 0 ? 'as many as' : `${Math.abs(change).toLocaleString('en')} ${change > 0 ? 'more' : 'fewer'} than`;
  const parts = STATUSES.filter((status) => (tasks[status].at(-1) ?? 0) > 0).map(
    (status) => `${tasks[status].at(-1)?.toLocaleString('en')} ${STATUS[status].label.toLowerCase()}`,
  );
  return `${plural(now, 'task')} on the board, ${trend} ${plural(days.length - 1, 'day')} ago${parts.length > 0 ? `: ${list(parts)}` : ''}.`;
}

/** @param {Picture} picture */
export function tellFlow({ flow, days }) {
  const [created, completed, failed] = FLOWS.map((name) => total(flow[name]));
  const perDay = (completed ?? 0) / days.length;
  const rate =
    perDay > 0 && perDay < 0.05 ? 'less than 0.1' : perDay.toLocaleString('en', { maximumFractionDigits: 1 });
  return `In ${days.length} days ${plural(created ?? 0, 'task was', 'tasks were')} created, ${completed?.toLocaleString('en')} completed and ${failed?.toLocaleString('en')} failed: ${rate} completed a day.`;
}

/** @param {Picture} picture */
export function tellTime({ time }) {
  const longest = time.reduce(
    (most, each) => (each.average > most.average ? each : most),
    /** @type {TimeIn} */ (time[0]),
  );
  return longest
    ? `Tasks stayed longest in ${STATUS[longest.status].label}: ${duration(longest.average)} on average.`
    : 'No task has left a status in these days.';
}

/** @param {Picture} picture */
export function tellAgents({ agents }) {
  if (agents.length === 0) return 'No agent has ended a run in these days.';
  const count = (/** @type {'runs'|'succeeded'|'failed'|'other'|'ms'} */ name) =>
    total(agents.map((agent) => agent[name]));
  const ends = [
    `${count('succeeded').toLocaleString('en')} succeeded`,
    `${count('failed').toLocaleString('en')} failed`,
    `${count('other').toLocaleString('en')} ended otherwise`,
  ];
  return `${plural(count('runs'), 'run')} by ${plural(agents.length, 'agent')}: ${list(ends)}. They took ${duration(count('ms'))}.`;
}

/** @param {Picture} picture */
export function tellCost({ agents }) {
  const dearest = agents.reduce(
    (most, each) => (each.usd > (most?.usd ?? 0) ? each : most),
    /** @type {AgentUse|null} */ (null),
  );
  if (!dearest) return 'No run has reported a cost in these days.';
  const all = total(agents.map(({ usd }) => usd));
  return `${money(all)} in all; ${dearest.name} cost most: ${money(dearest.usd)}.`;
}

/** @param {number} usd */
export const money = (usd) => `$${usd.toLocaleString('en', { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`;

const dayFormat = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' });

/** `12 Nov`. @param {number} day */
export const dayName = (day) => dayFormat.format(day);

/** @param {readonly string[]} parts */
const list = (parts) => (parts.length < 2 ? parts.join('') : `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`);

/** @param {readonly number[]} values */
const total = (values) => values.reduce((before, value) => before + value, 0);

/**
 * @template {string} K
 * @template V
 * @param {readonly K[]} keys
 * @param {(key: K) => V} valueOf
 * @returns {Record<K, V>}
 */
function recordOf(keys, valueOf) {
  return /** @type {Record<K, V>} */ (Object.fromEntries(keys.map((key) => [key, valueOf(key)])));
}
