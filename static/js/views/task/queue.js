// @ts-check
/** Messages that wait for the task's next agent. */

import { html, nothing } from '../../vendor/lit-html/lit-html.js';
import { live } from '../../vendor/lit-html/directives/live.js';
import { repeat } from '../../vendor/lit-html/directives/repeat.js';
import { button } from '../../elements/button.js';
import { icon } from '../../elements/icons.js';
import { isSubmit } from '../../lib/keys.js';
import { newKey } from '../../lib/key.js';
import { iso, moment } from '../../lib/time.js';
import { failedPart } from './failed-part.js';
import { shownText } from '../../lib/visible.js';

/** @import {App} from '../../app.js' */
/** @import {Message, Task} from '../../types.js' */

/**
 * @param {App} app
 * @param {string} id of the task
 */
export function createQueue(app, id) {
  const draftKey = `task:${id}:message`;
  const part = /** @type {const} */ (`queue:${id}`);
  let key = newKey();

  const text = () => app.drafts.get(draftKey)?.text ?? '';

  /** @param {Event} event */
  function typed(event) {
    app.drafts.set(draftKey, /** @type {HTMLTextAreaElement} */ (event.target).value);
    key = newKey();
    app.painter.request();
  }

  async function add() {
    const content = text();
    if (content.trim() === '' || app.blocked() || app.saving.of(`task:${id}:queue`)?.progress === 'saving') return;
    if (!(await app.actions.addMessage(id, content, key))) return;
    key = newKey();
    if (text() === content) app.drafts.clear(draftKey);
    app.painter.request();
  }

  /** @param {KeyboardEvent} event */
  function onKey(event) {
    if (!isSubmit(event)) return;
    event.preventDefault();
    void add();
  }

  /** @param {Message} message */
  const row = (message) =>
    html`<li class="message" data-testid="message" data-message-id=${message.id}>
      <p class="message-text" dir="auto">${shownText(message.content)}</p>
      <div class="message-foot">
        <time datetime=${iso(message.receivedAt)}>${moment(message.receivedAt, app.live.now())}</time>
        ${button({ label: 'Remove', icon: 'x', look: 'is-quiet is-small', reason: app.blocked() ?? app.saving.of(`task:${id}:queue:${message.id}`)?.says ?? null, run: () => void app.actions.removeMessage(id, message), testid: 'message-remove' })}
      </div>
    </li>`;

  /** @param {Task} task */
  function template(task) {
    const { data, status, error } = app.store.part(part);
    const messages = data?.messages ?? [];
    const reason =
      app.blocked() ??
      (task.archivedAt === null ? null : 'Archived tasks take no messages; reopen it first.') ??
      (text().trim() === '' ? 'write a message first' : null);
    return html`<section class="section" data-section="queue" data-testid="queue" aria-labelledby="title-queue">
      <div class="section-head">
        <h2 id="title-queue">Message queue <span class="count">${messages.length || nothing}</span></h2>
      </div>
      ${status === 'error' ? failedPart('The queue', error, () => app.live.retryPart(part)) : nothing}
      ${status === 'loading' ? html`<p class="soft">Fetching…</p>` : nothing}
      ${data && messages.length === 0 ? html`<p class="soft">Empty. A message reaches the agent that works on this task next.</p>` : nothing}
      <ul class="messages">
        ${repeat(messages, (message) => message.id, row)}
      </ul>
      <div class="editor" @keydown=${onKey}>
        <textarea
          class="input is-short"
          rows="2"
          dir="auto"
          aria-label="New message"
          placeholder="Message to the agent"
          data-testid="message-input"
          .value=${live(text())}
          @input=${typed}
        ></textarea>
        <div class="editor-tools">
          ${button({ label: 'Add to the queue', icon: 'send', look: 'is-small', reason, run: () => void add(), testid: 'message-add' })}
          ${saved(app.saving.of(`task:${id}:queue`)?.says)}
        </div>
      </div>
    </section>`;
  }

  return { template };
}

/** @param {string|undefined} says */
const saved = (says) =>
  says ? html`<span class="section-note">${icon('loader-circle', 'spin')}${says}</span>` : nothing;
