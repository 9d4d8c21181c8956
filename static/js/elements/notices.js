// @ts-check
/** What happened, said once: successes for a moment, errors until they are dismissed, equal ones counted. */

import { html, nothing } from '../vendor/lit-html/lit-html.js';
import { repeat } from '../vendor/lit-html/directives/repeat.js';
import { button } from './button.js';
import { icon } from './icons.js';
import { visible } from '../lib/visible.js';

/** @typedef {'success'|'error'|'info'} NoticeKind */
/** @typedef {{label: string, run: () => void}} NoticeAction */
/**
 * @typedef {{id: number, kind: NoticeKind, text: string, advice: string, action: NoticeAction|null, count: number}}
 *   Notice
 */
/**
 * `unique`: its action is like no other's, so it is never counted with an equal one.
 * @typedef {{advice?: string, action?: NoticeAction|null, lastsMs?: number, unique?: boolean}} NoticeOptions
 */

const SUCCESS_MS = 5000;
export const UNDO_MS = 60_000;

const ICONS = { success: 'circle-check', error: 'triangle-alert', info: 'info' };

/** @param {() => void} onChange */
export function createNotices(onChange) {
  /** @type {Notice[]} */
  let notices = [];
  /** @type {Map<number, ReturnType<typeof setTimeout>>} */
  const timers = new Map();
  let ids = 0;

  /** @param {number} id */
  function dismiss(id) {
    clearTimeout(timers.get(id));
    timers.delete(id);
    notices = notices.filter((notice) => notice.id !== id);
    onChange();
  }

  /**
   * @param {NoticeKind} kind
   * @param {string} text
   * @param {NoticeOptions} options
   * @param {number|undefined} lastsMs
   */
  function add(kind, text, { advice = '', action = null, unique = false }, lastsMs) {
    const twin = unique
      ? undefined
      : notices.find((notice) => notice.kind === kind && notice.text === text && notice.advice === advice);
    const notice = twin
      ? { ...twin, action, count: twin.count + 1 }
      : { id: ++ids, kind, text, advice, action, count: 1 };
    notices = twin ? notices.map((each) => (each === twin ? notice : each)) : [...notices, notice];
    clearTimeout(timers.get(notice.id));
    if (lastsMs !== undefined) timers.set(notice.id, setTimeout(dismiss, lastsMs, notice.id));
    onChange();
    return notice.id;
  }

  return {
    /**
     * @param {string} text
     * @param {NoticeOptions} [options]
     */
    success: (text, options = {}) => add('success', text, options, options.lastsMs ?? SUCCESS_MS),
    /**
     * @param {string} text
     * @param {NoticeOptions} [options]
     */
    error: (text, options = {}) => add('error', text, options, undefined),
    /**
     * Some of the page's own code. Chromium does not fetch a module again that it once could not: only a new page does.
     * @param {string} what
     */
    unfetched: (what) =>
      add(
        'error',
        `${what} could not be fetched.`,
        {
          advice: 'Check that Chorus is running, then load the page again. What you have typed is kept.',
          action: { label: 'Load again', run: () => location.reload() },
        },
        undefined,
      ),
    /**
     * @param {string} text
     * @param {NoticeOptions} [options]
     */
    info: (text, options = {}) => add('info', text, options, options.lastsMs),
    dismiss,
    template: () =>
      html`<section
        class="notices"
        aria-label="Notices"
        aria-live="polite"
        aria-relevant="additions text"
        data-testid="notices"
      >
        ${repeat(
          notices,
          (notice) => notice.id,
          (notice) => noticeTemplate(notice, dismiss),
        )}
      </section>`,
  };
}

/** @typedef {ReturnType<typeof createNotices>} Notices */

/**
 * @param {Notice} notice
 * @param {(id: number) => void} dismiss
 */
function noticeTemplate({ id, kind, text, advice, action, count }, dismiss) {
  const act = () => {
    dismiss(id);
    action?.run();
  };
  return html`<div class="notice" data-kind=${kind} data-testid="notice" role=${kind === 'error' ? 'alert' : nothing}>
    ${icon(ICONS[kind])}
    <div class="notice-text">
      <span dir="auto">${visible(text)}</span
      >${count > 1 ? html` <span class="notice-count" data-testid="notice-count">${count} times</span>` : nothing}
      ${advice ? html`<div class="notice-advice" dir="auto">${visible(advice)}</div>` : nothing}
    </div>
    <div class="notice-tools">
      ${action ? button({ label: action.label, run: act, look: 'is-small', testid: 'notice-action' }) : nothing}
      ${button({ label: 'Dismiss', icon: 'x', iconOnly: true, run: () => dismiss(id), look: 'is-quiet is-small', testid: 'notice-dismiss' })}
    </div>
  </div>`;
}
