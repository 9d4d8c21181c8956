// @ts-check
/** What a card's menu offers: the keyboard's twin of drag and drop. */

import { STATUS } from '../../lib/statuses.js';
import { whyNot } from '../../lib/transitions.js';
import { STATUSES } from '../../words.js';

/** @import {MenuItem} from '../../elements/menu.js' */
/** @import {StatusWord, Task} from '../../types.js' */

/**
 * @param {Task} task @param {string|null} blocked why nothing can be saved now
 * @param {{open: () => void, move: (to: StatusWord) => void, remove: () => void}} verbs
 * @returns {MenuItem[]}
 */
export function menuItems(task, blocked, { open, move, remove }) {
  const moves = STATUSES.filter((status) => status !== task.status.type).map((status) => ({
    label: `Move to ${STATUS[status].label}`,
    icon: STATUS[status].icon,
    status,
    reason: blocked ?? whyNot(task, status),
    run: () => move(status),
    testid: `move-${status}`,
  }));
  return [
    { label: 'Open', icon: 'arrow-right', run: open, testid: 'menu-open' },
    ...apart(moves.filter((item) => item.reason === null)),
    ...apart(moves.filter((item) => item.reason !== null)),
    ...apart([{ label: 'Delete', icon: 'trash-2', danger: true, reason: blocked, run: remove, testid: 'menu-delete' }]),
  ];
}

/** With a line above the first. @param {MenuItem[]} items @returns {MenuItem[]} */
const apart = (items) => items.map((item, index) => ({ ...item, apart: index === 0 }));
