// @ts-check
/** Which tasks have begun to need a person, for notifications. */

import { needsYou } from './statuses.js';

/** @import {StatusWord, Task} from '../types.js' */

/**
 * Tasks that need a person since this step, and those that do not any more. `known` holds the state of each task, and
 * is brought up to date.
 * @param {Map<string, StatusWord>} known
 * @param {Iterable<string>} ids changed
 * @param {ReadonlyMap<string, Task>} tasks
 * @returns {{tell: Task[], settled: string[]}}
 */
export function newNeeds(known, ids, tasks) {
  const tell = [];
  const settled = [];
  for (const id of ids) {
    const before = known.get(id);
    const task = tasks.get(id);
    if (task) known.set(id, task.status.type);
    else known.delete(id);
    if (!task || !needsYou(task.status.type)) settled.push(id);
    else if (before !== task.status.type) tell.push(task);
  }
  return { tell, settled };
}
