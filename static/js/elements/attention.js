// @ts-check
/** The tab's title and icon: what page this is, and how many tasks need you. True in hidden tabs above all. */

import { faviconOf } from './mark.js';

export function createAttention() {
  let shownTitle = '';
  let shownCount = -1;
  return {
    /**
     * @param {string} title of the page
     * @param {number} count
     */
    show(title, count) {
      const text = `${count > 0 ? `(${count}) ` : ''}${title} · Chorus`;
      if (text !== shownTitle) document.title = shownTitle = text;
      if (count !== shownCount) document.querySelector('#favicon')?.setAttribute('href', faviconOf(count));
      shownCount = count;
    },
  };
}
