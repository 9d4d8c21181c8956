// @ts-check
/**
 * The dialogs, fetched when a person first touches the page: the board is there sooner, and `n` still opens at once.
 */

import { createHelp } from './help.js';
import { createNewTask } from './new-task.js';
import { createStart } from './start-dialog.js';
import { createTextDialog } from './text-dialog.js';
import { createToolsDialog } from './tools-dialog.js';

/** @import {App} from '../app.js' */

/** @param {App} app */
export function createDialogs(app) {
  const dialogs = {
    help: createHelp(),
    newTask: createNewTask({ ...app, isLive: () => app.live.status().kind === 'live' }),
    start: createStart(app),
    text: createTextDialog(app),
    tools: createToolsDialog(app),
  };
  return { ...dialogs, refresh: () => Object.values(dialogs).forEach((dialog) => dialog.refresh()) };
}
