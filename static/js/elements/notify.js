// @ts-check
/**
 * The switch for notifications. The browser is asked only by a click on it; what the browser says no to is explained.
 */

import { recall, remember } from '../lib/storage.js';

/** @import {Router} from '../router.js' */
/** @import {Store} from '../store.js' */
/** @import {Notices} from './notices.js' */

const KEY = 'notify';

/** @param {{store: Store, router: Router, notices: Notices, onChange: () => void}} surroundings */
export function createNotify({ store, router, notices, onChange }) {
  /** @type {(() => void)|null} */
  let end = null;
  let isOn = recall(KEY) === 'on' && permission() === 'granted';

  async function begin() {
    const { watchNeeds } = await import('./notifications.js');
    end?.();
    end = isOn ? watchNeeds({ store, router }) : null;
  }

  /** @param {boolean} next */
  async function set(next) {
    isOn = next;
    remember(KEY, next ? 'on' : '');
    onChange();
    if (next) await begin();
    else end?.();
  }

  async function ask() {
    if (permission() === 'unsupported')
      return void notices.info('This browser shows no notifications for this address.', {
        advice: 'The tab’s title and icon count the tasks that need you.',
      });
    const answer = permission() === 'default' ? await Notification.requestPermission() : permission();
    if (answer === 'denied')
      return void notices.info('The browser blocks notifications from Chorus.', {
        advice:
          'Allow them in the browser’s settings for this site (beside the address), then switch them on here again.',
      });
    if (answer !== 'granted') return;
    await set(true);
    notices.success('Notifications are on. One comes when a task begins to need you while you look elsewhere.');
  }

  if (isOn) void begin();

  return {
    get isOn() {
      return isOn;
    },
    switch: () => void (isOn ? set(false) : ask()),
  };
}

/** @returns {NotificationPermission|'unsupported'} */
function permission() {
  return 'Notification' in globalThis ? Notification.permission : 'unsupported';
}
