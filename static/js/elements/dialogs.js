// @ts-check
/** The dialogs, fetched when a person first touches the page: the board is there sooner, and `n` still opens at once. */

import { createHelp } from './help.js';
import { createNewTask } from './new-task.js';

/** @param {import('./new-task.js').Surroundings} surroundings */
export const createDialogs = (surroundings) => ({ help: createHelp(), newTask: createNewTask(surroundings) });
