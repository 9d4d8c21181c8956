// @ts-check
/** Who worked on the task, in order: how long, what they were given, what they gave back. */

import { html, nothing } from '../../vendor/lit-html/lit-html.js';
import { icon } from '../../elements/icons.js';
import { markdown } from '../../elements/markdown.js';
import { plural } from '../../lib/text.js';
import { duration, iso, moment } from '../../lib/time.js';

/** @import {App} from '../../app.js' */
/** @import {CompletionReport, HandoffRecord, Task} from '../../types.js' */

/** @type {Readonly<Record<CompletionReport['status'], {word: string, icon: string, hue: string}>>} */
const ENDS = {
  complete: { word: 'Complete', icon: 'circle-check', hue: 'completed' },
  blocked: { word: 'Blocked', icon: 'circle-pause', hue: 'waiting' },
  failed: { word: 'Failed', icon: 'circle-x', hue: 'failed' },
};

/** @param {App} app @param {Task} task */
export function chainTemplate(app, task) {
  if (task.chainCount === 0) return nothing;
  const hidden = task.chainCount - task.agentChain.length;
  return html`<section class="section" data-section="agentChain" data-testid="chain" aria-labelledby="title-chain">
    <div class="section-head"><h2 id="title-chain">Agents <span class="count">${task.chainCount}</span></h2></div>
    ${hidden > 0 ? html`<p class="soft">${plural(hidden, 'earlier run')} not shown</p>` : nothing}
    <ol class="timeline">${task.agentChain.map((run, index) => runTemplate(app, run, hidden + index))}</ol>
  </section>`;
}

/** @param {App} app @param {HandoffRecord} run @param {number} index */
function runTemplate(app, run, index) {
  const now = app.live.now();
  const end = run.completionReport ? ENDS[run.completionReport.status] : null;
  const isRunning = run.completedAt === null;
  const hue = isRunning ? 'active' : (end?.hue ?? 'pending');
  return html`<li class="run" data-status=${hue} data-testid="run">
    <span class="run-sign">${isRunning ? html`<span class="pulse"></span>` : icon(end?.icon ?? 'circle-dot')}</span>
    <div class="run-head"><strong>${run.agentName}</strong><span class="status">${isRunning ? 'Working' : (end?.word ?? 'Ended without a report')}</span>
      <span class="run-time"><time datetime=${iso(run.startedAt)}>${moment(run.startedAt, now)}</time> · ${duration((run.completedAt ?? now) - run.startedAt)}</span></div>
    ${run.completionReport ? report(app, run.completionReport) : nothing}
    ${fold(app, 'Input', run.input, index)} ${fold(app, 'Output', run.output, index)}
  </li>`;
}

/** @param {App} app @param {CompletionReport} report */
const report = (app, { summary, output, blockedReason }) => html`<div class="run-report">
  ${summary ? html`<p>${summary}</p>` : nothing}
  ${blockedReason ? html`<p class="run-blocked">${icon('circle-pause')}${blockedReason}</p>` : nothing}
  ${output ? html`<details class="fold"><summary>Report</summary>${markdown(output, app.painter.request)}</details>` : nothing}
</div>`;

/** @param {App} app @param {string} title @param {string} text @param {number} index */
const fold = (app, title, text, index) => 
  text ? html`<details class="fold" id="run-${index}-${title.toLowerCase()}"><summary>${title}</summary>${markdown(text, app.painter.request)}</details>` : nothing;
