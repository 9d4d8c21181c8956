// @ts-check
/** The connection badge: is this screen live? If not: since when, why, and what to do. Always in sight. */

import { html, nothing } from '../vendor/lit-html/lit-html.js';
import { clockSeconds, iso } from '../lib/time.js';
import { button } from './button.js';
import { icon } from './icons.js';

/** @import {LiveStatus} from '../types.js' */

/** @type {Readonly<Record<LiveStatus['kind'], {word: string, icon: string, says: string}>>} */
const LOOKS = {
  connecting: { word: 'Connecting', icon: 'loader-circle', says: 'Fetching the board.' },
  live: { word: 'Live', icon: 'radio', says: 'Every change appears here within moments.' },
  reconnecting: {
    word: 'Reconnecting',
    icon: 'refresh-cw',
    says: 'Changes may be missing here. What you do is saved, and shown once the connection is back.',
  },
  offline: { word: 'Offline', icon: 'cloud-off', says: 'Nothing can be saved right now. What you type is kept.' },
  stopped: { word: 'Offline', icon: 'cloud-off', says: 'This page does not follow changes any more.' },
};

const WAITS = ['connecting', 'reconnecting'];

/**
 * @param {LiveStatus} status
 * @param {{retry: () => void, reload: () => void}} verbs
 */
export function badgeTemplate(status, { retry, reload }) {
  const { word, icon: name } = LOOKS[status.kind];
  return html`<button
      type="button"
      class="badge"
      data-testid="badge"
      data-connection=${status.kind}
      popovertarget="badge-panel"
    >
      <span class="unseen">Connection:</span>${icon(name, WAITS.includes(status.kind) ? 'spin' : '')}<span
        data-testid="badge-word"
        >${word}</span
      >
      ${status.kind === 'live' || status.asOf === null ? nothing : html`<span class="badge-as-of" data-testid="badge-as-of">· data as of ${time(status.asOf)}</span>`}
    </button>
    <span class="unseen" role="status">${announcement(status)}</span>
    ${panel(status, retry, reload)}`;
}

/**
 * @param {LiveStatus} status
 * @param {() => void} retry
 * @param {() => void} reload
 */
const panel = (status, retry, reload) =>
  html`<div id="badge-panel" class="badge-panel" popover role="group" aria-label="Connection" data-testid="badge-panel">
    <strong>${LOOKS[status.kind].word}</strong>
    <p>${LOOKS[status.kind].says}</p>
    ${status.kind !== 'live' && status.asOf !== null ? html`<p>Data as of ${time(status.asOf)}.</p>` : nothing}
    ${status.reason ? html`<p data-testid="badge-reason">${sentence(status.reason)}</p>` : nothing}
    ${status.advice ? html`<p data-testid="badge-advice">${status.advice}</p>` : nothing}
    ${status.kind === 'live' ? nothing : button({ label: 'Try now', icon: 'refresh-cw', run: retry, testid: 'retry' })}
    ${status.reloadOffered ? button({ label: 'Reload the page', icon: 'refresh-cw', run: reload, testid: 'reload' }) : nothing}
  </div>`;

/** @param {string} text */
const sentence = (text) => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`;

/** @param {number} at */
const time = (at) => html`<time datetime=${iso(at)}>${clockSeconds(at)}</time>`;

/** Without the seconds: only a change of state is worth saying. @param {LiveStatus} status */
function announcement({ kind, reason, advice }) {
  if (kind === 'live' || kind === 'connecting') return LOOKS[kind].word;
  return [LOOKS[kind].word, reason, advice].filter((part) => part).join('. ');
}
