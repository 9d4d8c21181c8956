// @ts-check
/** What the board shows, made from the store and the filters only when one of them has changed. */

import { NO_COLUMNS, agentNames, columnsOf, sameItems } from '../../lib/board.js';
import { matcher } from '../../lib/filters.js';

/** @import {Columns} from '../../lib/board.js' */
/** @import {Filters} from '../../lib/filters.js' */
/** @import {BoardState} from '../../types.js' */

/** @param {() => BoardState} read */
export function createModel(read) {
  /** @type {Columns} */
  let all = NO_COLUMNS;
  /** @type {Columns} */
  let fitting = NO_COLUMNS;
  /** @type {readonly string[]} */
  let agents = [];
  /** @type {unknown[]} */
  let madeFrom = [];

  return {
    /** @param {Filters} filters */
    refresh(filters) {
      const { tasks, seq } = read();
      const from = [tasks, seq, filters];
      if (sameItems(from, madeFrom)) return;
      madeFrom = from;
      all = columnsOf(tasks.values(), () => true, all);
      fitting = columnsOf(tasks.values(), matcher(filters), fitting);
      const names = agentNames(tasks.values());
      agents = sameItems(names, agents) ? agents : names;
    },
    /** Every task, whatever the filters. */
    get all() {
      return all;
    },
    /** Those of the states that the filters show, with the tasks that fit. @param {Filters} filters */
    visible: ({ statuses }) =>
      statuses.length === 0 ? fitting : fitting.filter(({ status }) => statuses.includes(status)),
    get agents() {
      return agents;
    },
  };
}
