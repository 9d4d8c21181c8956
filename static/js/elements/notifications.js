// @ts-check
/**
 * Notifications of the browser for tasks that begin to need a person: one a task, closed when it is settled.
 * Only what came live is told, never what a snapshot brought; and nobody is told what they are looking at.
 */

import { newNeeds } from '../lib/needs.js';
import { STATUS } from '../lib/statuses.js';
import { titleOf } from '../lib/text.js';
import { taskUrl } from '../router.js';
import { isolated, shownText } from '../lib/visible.js';

/** @import {Router} from '../router.js' */
/** @import {Store} from '../store.js' */
/** @import {Changes, StatusWord, Task} from '../types.js' */

/**
 * @param {{store: Store, router: Router}} surroundings
 * @returns {() => void} ends it
 */
export function watchNeeds({ store, router }) {
  /** @type {Map<string, StatusWord>} */
  let known = statesOf(store);
  /** @type {Map<string, Notification>} */
  const open = new Map();

  /** @param {string} id */
  function close(id) {
    open.get(id)?.close();
    open.delete(id);
  }

  /** @param {Task} task */
  function tell(task) {
    const notification = new Notification(`${STATUS[task.status.type].label}: ${isolated(titleOf(task.description))}`, {
      tag: `chorus:${task.id}`,
      body: bodyOf(task),
    });
    notification.onclick = () => {
      window.focus();
      router.go(taskUrl(task.id));
      close(task.id);
    };
    open.set(task.id, notification);
  }

  /** @param {Changes} changes */
  function follow({ source, all, tasks }) {
    if (all || source !== 'push') {
      known = statesOf(store);
      for (const id of open.keys()) if (!newNeeds(new Map(), [id], store.state.tasks).tell.length) close(id);
      return;
    }
    const { tell: needy, settled } = newNeeds(known, tasks, store.state.tasks);
    settled.forEach(close);
    if (!isLookedAt()) needy.forEach(tell);
  }

  const forget = store.subscribe(follow);
  return () => {
    forget();
    for (const id of [...open.keys()]) close(id);
  };
}

/**
 * @param {Store} store
 * @returns {Map<string, StatusWord>}
 */
const statesOf = (store) => new Map([...store.state.tasks.values()].map((task) => [task.id, task.status.type]));

const isLookedAt = () => document.visibilityState === 'visible' && document.hasFocus();

/** @param {Task} task */
function bodyOf(task) {
  if (task.status.type === 'failed') return shownText(task.status.message);
  return task.status.type === 'awaiting_input'
    ? 'The planner has questions.'
    : 'An agent has stopped and waits for you.';
}
