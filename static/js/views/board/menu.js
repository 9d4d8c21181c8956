// @ts-check
/** The menu of a card. Fetched when somebody first moves on the page. */

import { createMenu } from '../../elements/menu.js';
import { hindrancesOf } from '../../lib/agents.js';
import { titleOf } from '../../lib/text.js';
import { menuItems } from './menu-items.js';

/** @import {App} from '../../app.js' */
/** @import {Task} from '../../types.js' */
/** @import {CardVerbs} from './menu-items.js' */

/** @param {Pick<App, 'store'|'blocked'>} app */
export function createCardMenu({ store, blocked }) {
  const menu = createMenu();
  return {
    /**
     * @param {HTMLElement} anchor
     * @param {Task} task
     * @param {CardVerbs} verbs
     */
    open(anchor, task, verbs) {
      menu.open(anchor, titleOf(task.description), menuItems(task, blocked(), hindrancesOf(store.state), verbs));
    },
  };
}

/** @typedef {ReturnType<typeof createCardMenu>} CardMenu */
