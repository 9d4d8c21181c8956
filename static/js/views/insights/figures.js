// @ts-check
/** The figures of the page: what each says in words, plots and tells in a table. Pure. */

import { STATUSES } from '../../words.js';
import {
  ENDS,
  FLOWS,
  dayName,
  money,
  tellAgents,
  tellCost,
  tellFlow,
  tellTasks,
  tellTime,
} from '../../lib/insights.js';
import { STATUS } from '../../lib/statuses.js';
import { duration } from '../../lib/time.js';

/** @import {Picture} from '../../lib/insights.js' */
/** @import {StatusWord} from '../../types.js' */

/**
 * @typedef {Object} Series
 * @property {string} label
 * @property {StatusWord} hue
 * @property {string} icon
 * @property {number[]} values one a day, or one a bar
 * @property {-1|0|1} side series of one side are stacked, the first at the bottom
 */

/**
 * @typedef {Object} Figure
 * @property {string} name
 * @property {string} title
 * @property {string} summary
 * @property {'area'|'columns'|'bars'} kind `bars` lie; the others have a day a place
 * @property {string[]} places names of the days or bars
 * @property {Series[]} series none: there is nothing to plot
 * @property {boolean} hasLegend
 * @property {(value: number) => string} format
 * @property {number[]} [steps] between two lines of the scale
 * @property {{head: string[], rows: (string|number)[][]}} table
 */

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const SCALES = [1, 10, 100, 1000, 10_000, 100_000];
const COUNT_STEPS = SCALES.flatMap((scale) => [scale, 2 * scale, 5 * scale]);
const TIME_STEPS = [
  1000,
  5000,
  15_000,
  MINUTE,
  5 * MINUTE,
  15 * MINUTE,
  HOUR,
  3 * HOUR,
  6 * HOUR,
  12 * HOUR,
  ...COUNT_STEPS.map((days) => days * 24 * HOUR),
];
const FLOW_LOOK = {
  created: { label: 'Created', hue: 'pending', icon: 'plus', side: -1 },
  completed: { label: 'Completed', hue: 'completed', icon: STATUS.completed.icon, side: 1 },
  failed: { label: 'Failed', hue: 'failed', icon: STATUS.failed.icon, side: 1 },
};
const END_LOOK = {
  succeeded: { label: 'Succeeded', hue: 'completed', icon: STATUS.completed.icon },
  failed: { label: 'Failed', hue: 'failed', icon: STATUS.failed.icon },
  other: { label: 'Ended otherwise', hue: 'waiting', icon: STATUS.waiting.icon },
};

/** Whole days and hours are said shortly. @param {number} ms */
const span = (ms) => duration(ms).replace(/ 0[smh]$/, '');

/** @param {number} value */
const count = (value) => value.toLocaleString('en');

/**
 * @param {Picture} picture
 * @returns {Figure[]}
 */
export const figuresOf = (picture) => [tasks(picture), flow(picture), time(picture), runs(picture), cost(picture)];

/**
 * @param {Picture} picture
 * @returns {Figure}
 */
function tasks(picture) {
  const series = STATUSES.map((status) => ({
    label: STATUS[status].label,
    hue: status,
    icon: STATUS[status].icon,
    values: picture.tasks[status],
    side: /** @type {const} */ (0),
  }));
  const total = picture.days.map((_, n) => series.reduce((sum, { values }) => sum + (values[n] ?? 0), 0));
  return {
    name: 'tasks',
    title: 'Tasks by status',
    summary: tellTasks(picture),
    kind: 'area',
    places: picture.days.map(dayName),
    series,
    hasLegend: true,
    format: count,
    steps: COUNT_STEPS,
    table: {
      head: ['Day', ...series.map(({ label }) => label), 'All'],
      rows: dayRows(picture, [...series.map(({ values }) => values), total]),
    },
  };
}

/**
 * @param {Picture} picture
 * @returns {Figure}
 */
function flow(picture) {
  const series = FLOWS.map((name) => /** @type {Series} */ ({ ...FLOW_LOOK[name], values: picture.flow[name] }));
  return {
    name: 'flow',
    title: 'Throughput',
    summary: tellFlow(picture),
    kind: 'columns',
    places: picture.days.map(dayName),
    series,
    hasLegend: true,
    format: count,
    steps: COUNT_STEPS,
    table: {
      head: ['Day', ...series.map(({ label }) => label)],
      rows: dayRows(
        picture,
        series.map(({ values }) => values),
      ),
    },
  };
}

/**
 * Each status is a bar in its own hue.
 * @param {Picture} picture
 * @returns {Figure}
 */
function time(picture) {
  const series = picture.time.map(({ status, average }, n) => ({
    label: STATUS[status].label,
    hue: status,
    icon: STATUS[status].icon,
    side: /** @type {const} */ (0),
    values: picture.time.map((_, at) => (at === n ? average : 0)),
  }));
  return {
    name: 'time',
    title: 'Time in each status',
    summary: tellTime(picture),
    kind: 'bars',
    series,
    hasLegend: false,
    format: span,
    steps: TIME_STEPS,
    places: picture.time.map(({ status, average }) => `${STATUS[status].label}, ${span(average)}`),
    table: {
      head: ['Status', 'Tasks that left it', 'Time in it, on average'],
      rows: picture.time.map(({ status, moves, average }) => [STATUS[status].label, moves, duration(average)]),
    },
  };
}

/**
 * @param {Picture} picture
 * @returns {Figure}
 */
function runs(picture) {
  const agents = picture.agents.filter((agent) => agent.runs > 0);
  const series = ENDS.map(
    (end) => /** @type {Series} */ ({ ...END_LOOK[end], side: 0, values: agents.map((agent) => agent[end]) }),
  );
  return {
    name: 'runs',
    title: 'Runs by agent',
    summary: tellAgents({ ...picture, agents }),
    kind: 'bars',
    series: agents.length > 0 ? series : [],
    hasLegend: true,
    format: count,
    steps: COUNT_STEPS,
    places: agents.map(({ name, runs: all }) => `${name}, ${count(all)}`),
    table: {
      head: ['Agent', ...series.map(({ label }) => label), 'All', 'Time, on average'],
      rows: agents.map((agent) => [
        agent.name,
        agent.succeeded,
        agent.failed,
        agent.other,
        agent.runs,
        duration(agent.ms / agent.runs),
      ]),
    },
  };
}

/**
 * @param {Picture} picture
 * @returns {Figure}
 */
function cost(picture) {
  const agents = picture.agents
    .filter(({ usd, tokensIn, tokensOut }) => usd > 0 || tokensIn > 0 || tokensOut > 0)
    .sort((a, b) => b.usd - a.usd);
  const dear = agents.filter(({ usd }) => usd > 0);
  const series = /** @type {Series[]} */ ([
    { label: 'Cost', hue: 'active', icon: 'bot', side: 0, values: dear.map(({ usd }) => usd) },
  ]);
  return {
    name: 'cost',
    title: 'Cost by agent',
    summary: tellCost(picture),
    kind: 'bars',
    series: dear.length > 0 ? series : [],
    hasLegend: false,
    format: money,
    places: dear.map(({ name, usd }) => `${name}, ${money(usd)}`),
    table: {
      head: ['Agent', 'Tokens in', 'Tokens out', 'Cost'],
      rows: agents.map(({ name, tokensIn, tokensOut, usd }) => [name, tokensIn, tokensOut, money(usd)]),
    },
  };
}

/**
 * Newest first.
 * @param {Picture} picture
 * @param {number[][]} columns
 */
const dayRows = ({ days }, columns) =>
  days.map((day, n) => [dayName(day), ...columns.map((values) => values[n] ?? 0)]).reverse();
