// @ts-check
/** Small facts about the task, and its questions. */

import { html, nothing } from '../../vendor/lit-html/lit-html.js';
import { copyButton } from '../../elements/copy.js';
import { iso, moment } from '../../lib/time.js';
import { named } from '../../elements/named.js';

/** @import {App} from '../../app.js' */
/** @import {Task} from '../../types.js' */

/**
 * @param {App} app
 * @param {Task} task
 */
export function aboutTemplate(app, task) {
  const now = app.live.now();
  return html`<section class="section" aria-labelledby="title-about">
    <div class="section-head"><h2 id="title-about">About</h2></div>
    <dl class="facts">
      ${fact('Created', time(task.createdAt, now))} ${fact('Updated', time(task.updatedAt, now))}
      ${fact('Source', html`${task.source.sourceType} / ${named(task.source.userId)}`)}
      ${task.sessionId ? fact('Session', named(task.sessionId)) : nothing}
      ${fact('ID', html`<code>${task.id}</code>${copyButton(app, { text: task.id, label: 'Copy the ID', done: 'ID copied', iconOnly: true })}`)}
    </dl>
  </section>`;
}

/**
 * @param {string} name
 * @param {unknown} value
 */
const fact = (name, value) =>
  html`<div>
    <dt>${name}</dt>
    <dd>${value}</dd>
  </div>`;

/**
 * @param {number} at
 * @param {number} now
 */
const time = (at, now) => html`<time datetime=${iso(at)}>${moment(at, now)}</time>`;
