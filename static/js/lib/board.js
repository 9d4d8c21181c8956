// @ts-check
/** The board as data: columns of tasks. What did not change keeps its identity, so that it is not drawn again. */

import { STATUSES } from '../words.js';
import { NEEDS_YOU, needsYou } from './statuses.js';
import { agentsOf } from './text.js';

/** @import {StatusWord, Task} from '../types.js' */

/**
 * @typedef {Object} Column
 * @property {StatusWord} status
 * @property {readonly Task[]} tasks those that fit the filters, last changed first
 * @property {number} total without filters
 */

/** @typedef {readonly Column[]} Columns */

/** @type {Columns} */
export const NO_COLUMNS = STATUSES.map((status) => ({ status, tasks: [], total: 0 }));

/**
 * @param {Task} a
 * @param {Task} b
 */
const lastChangedFirst = (a, b) => b.seq - a.seq || (a.id < b.id ? -1 : 1);

/**
 * @param {Iterable<Task>} tasks
 * @param {(task: Task) => boolean} fits
 * @param {Columns} [previous]
 * @returns {Columns} with the former column wherever nothing in it changed
 */
export function columnsOf(tasks, fits, previous = NO_COLUMNS) {
  const groups = new Map(STATUSES.map((status) => [status, { tasks: /** @type {Task[]} */ ([]), total: 0 }]));
  for (const task of tasks) {
    const group = groups.get(task.status.type);
    if (group === undefined) continue;
    group.total += 1;
    if (fits(task)) group.tasks.push(task);
  }
  return previous.map((column) => {
    const { tasks: found, total } = /** @type {{tasks: Task[], total: number}} */ (groups.get(column.status));
    found.sort(lastChangedFirst);
    return total === column.total && sameItems(found, column.tasks)
      ? column
      : { status: column.status, tasks: found, total };
  });
}

/**
 * @param {readonly unknown[]} a
 * @param {readonly unknown[]} b
 */
export const sameItems = (a, b) => a.length === b.length && a.every((item, index) => item === b[index]);

/**
 * Questions first, then failures, then pauses; each last changed first.
 * @param {Columns} columns
 * @returns {Task[]}
 */
export const tasksThatNeedYou = (columns) =>
  NEEDS_YOU.flatMap((status) => columns.find((column) => column.status === status)?.tasks ?? []);

/**
 * At most so many, some of every state: fifty questions must not hide a failure.
 * @param {readonly Task[]} tasks in the order in which they stay
 * @param {number} count
 */
export function fewOf(tasks, count) {
  const ranks = new Map();
  const ranked = tasks.map((task) => {
    const rank = ranks.get(task.status.type) ?? 0;
    ranks.set(task.status.type, rank + 1);
    return { task, rank };
  });
  const chosen = new Set(
    [...ranked]
      .sort((a, b) => a.rank - b.rank)
      .slice(0, count)
      .map(({ task }) => task),
  );
  return tasks.filter((task) => chosen.has(task));
}

/** @param {Iterable<Task>} tasks */
export function countNeedsYou(tasks) {
  let count = 0;
  for (const task of tasks) if (needsYou(task.status.type)) count += 1;
  return count;
}

/** How often the task was handed from one agent to another. @param {Task} task */
export const handoffCount = (task) => task.agentChain.filter(({ parentRunId }) => parentRunId).length;

/** Every agent that works or worked on one of them, by name. @param {Iterable<Task>} tasks */
export function agentNames(tasks) {
  const names = new Set();
  for (const task of tasks) for (const name of agentsOf(task)) names.add(name);
  return /** @type {string[]} */ ([...names].sort((a, b) => a.localeCompare(b)));
}

/** @typedef {'left'|'right'|'up'|'down'|'first'|'last'} Direction */

/**
 * Where the focus goes from a card; columns without cards are skipped.
 * @param {readonly (readonly string[])[]} grid ids, a list a column
 * @param {string|null} current
 * @param {Direction} direction
 * @returns {string|null}
 */
export function neighbour(grid, current, direction) {
  const x = grid.findIndex((column) => current !== null && column.includes(current));
  if (x < 0) return grid.find((column) => column.length > 0)?.[0] ?? null;
  const column = grid[x] ?? [];
  const y = column.indexOf(/** @type {string} */ (current));
  if (direction === 'left' || direction === 'right')
    return sideways(grid, x, y, direction === 'left' ? -1 : 1) ?? current;
  const target = { up: y - 1, down: y + 1, first: 0, last: column.length - 1 }[direction];
  return column[target] ?? current;
}

/**
 * @param {readonly (readonly string[])[]} grid
 * @param {number} x
 * @param {number} y
 * @param {1|-1} step
 */
function sideways(grid, x, y, step) {
  for (let next = x + step; next >= 0 && next < grid.length; next += step) {
    const column = grid[next] ?? [];
    if (column.length > 0) return column[Math.min(y, column.length - 1)] ?? null;
  }
  return null;
}
