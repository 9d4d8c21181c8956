// @ts-check
/** What a card's menu offers: the keyboard's twin of drag and drop. */

import { STATUS, isWorking } from '../../lib/statuses.js';
import { stepTo, whyNot } from '../../lib/transitions.js';
import { STATUSES } from '../../words.js';

/** @import {Hindrances} from '../../lib/agents.js' */
/** @import {MenuItem} from '../../elements/menu.js' */
/** @import {StatusWord, Task} from '../../types.js' */

/** @typedef {{open: () => void, move: (to: StatusWord) => void, remove: () => void}} CardVerbs */

/**
 * @param {Task} task
 * @param {string|null} blocked why nothing can be saved now
 * @param {Hindrances} hindrances
 * @param {CardVerbs} verbs
 * @returns {MenuItem[]}
 */
export function menuItems(task, blocked, hindrances, { open, move, remove }) {
  const moves = STATUSES.filter((status) => status !== task.status.type).map((status) => ({
    label: labelOf(task, status),
    icon: STATUS[status].icon,
    status,
    reason: blocked ?? whyNot(task, status, hindrances),
    run: () => move(status),
    testid: `move-${status}`,
  }));
  return [
    { label: 'Open', icon: 'arrow-right', run: open, testid: 'menu-open' },
    ...apart(moves.filter((item) => item.reason === null)),
    ...apart(moves.filter((item) => item.reason !== null)),
    ...apart([
      {
        label: 'Delete',
        icon: 'trash-2',
        danger: true,
        reason: blocked ?? (isWorking(task.status.type) ? 'An agent works on it. Stop it first.' : null),
        run: remove,
        testid: 'menu-delete',
      },
    ]),
  ];
}

/**
 * A verb that starts somebody says so.
 * @param {Task} task
 * @param {StatusWord} status
 */
function labelOf(task, status) {
  const step = stepTo(task, status);
  return step === null || step.verb === 'move' ? `Move to ${STATUS[status].label}` : step.label;
}

/**
 * With a line above the first.
 * @param {MenuItem[]} items
 * @returns {MenuItem[]}
 */
const apart = (items) => items.map((item, index) => ({ ...item, apart: index === 0 }));
