// @ts-check
/**
 * Who worked on the task, in order, hand-offs below who handed off: how long, what they were given, what they gave
 * back.
 */

import { html, nothing } from '../../vendor/lit-html/lit-html.js';
import { repeat } from '../../vendor/lit-html/directives/repeat.js';
import { button } from '../../elements/button.js';
import { icon } from '../../elements/icons.js';
import { markdown } from '../../elements/markdown.js';
import { unconfinedMark } from '../../elements/status.js';
import { unconfinedAgents } from '../../lib/agents.js';
import { RUN_LOOKS, isAtWork, isUnfinished, timelineOf, totalOf } from '../../lib/runs.js';
import { dollars, plural } from '../../lib/text.js';
import { clock, duration, iso, moment } from '../../lib/time.js';
import { runUrl } from '../../router.js';
import { failedPart } from './failed-part.js';
import { isolated, oneLine, shownText } from '../../lib/visible.js';
import { named } from '../../elements/named.js';
import { boundary } from '../../elements/boundary.js';

/** @import {App} from '../../app.js' */
/** @import {TimelineRun, Used} from '../../lib/runs.js' */
/** @import {Outputs} from './outputs.js' */
/** @import {CompletionReport, Run, RunState, Task} from '../../types.js' */

const OUTPUT_BYTES = 256 * 1024;

/**
 * @param {App} app
 * @param {Task} task
 * @param {boolean} complete whether its texts are whole
 * @param {string} linked id of the run that the address names
 * @param {Outputs} outputs
 */
export function chainTemplate(app, task, complete, linked, outputs) {
  const part = /** @type {const} */ (`runs:${task.id}`);
  const { data, status, error } = app.store.part(part);
  const timeline = timelineOf(task.agentChain, data ?? []);
  if (timeline.length === 0 && status !== 'error') return nothing;
  const hidden = complete ? 0 : task.chainCount - task.agentChain.length;
  return html`<section class="section" data-section="agentChain" data-testid="chain" aria-labelledby="title-chain">
    <div class="section-head">
      <h2 id="title-chain">Agents <span class="count">${data?.length ?? task.chainCount}</span></h2>
    </div>
    ${status === 'error' ? failedPart('The runs', error, () => app.live.retryPart(part)) : nothing}
    ${hidden > 0 ? html`<p class="soft">${plural(hidden, 'earlier run')} still being fetched</p>` : nothing}
    ${listTemplate(app, task, timeline, linked, outputs)}
    ${data && data.length > 1 ? factsTemplate(totalOf(data), 'In all: ') : nothing}
    ${!complete && task.truncated.includes('agentChain') ? html`<p class="field-note">${icon('loader-circle', 'spin')}<span>Fetching the full texts…</span></p>` : nothing}
  </section>`;
}

/**
 * @param {App} app
 * @param {Task} task
 * @param {readonly TimelineRun[]} runs
 * @param {string} linked
 * @param {Outputs} outputs
 * @returns {unknown}
 */
const listTemplate = (app, task, runs, linked, outputs) =>
  html`<ol class="timeline">
    ${repeat(
      runs,
      (each) => each.id,
      (each) =>
        boundary(
          'This run',
          () => runTemplate(app, task, each, linked, outputs),
          () => each.record?.output ?? '',
        ),
    )}
  </ol>`;

/**
 * @param {App} app
 * @param {Task} task
 * @param {TimelineRun} each
 * @param {string} linked
 * @param {Outputs} outputs
 */
function runTemplate(app, task, each, linked, outputs) {
  const { id, agentName, kind, state, run, record, handoffs } = each;
  const look = RUN_LOOKS[state];
  const report = record?.completionReport ?? null;
  const reason =
    run?.reason && run.reason !== report?.summary && run.reason !== report?.blockedReason ? run.reason : '';
  return html`<li
    class="run ${linked === id ? 'is-linked' : ''}"
    id="run-${id}"
    tabindex="-1"
    data-status=${look.hue}
    data-state=${state}
    data-testid="run"
    data-run-id=${id}
    data-agent=${agentName}
  >
    <span class="run-sign"
      >${state === 'running' ? html`<span class="pulse"></span>` : icon(look.icon, state === 'starting' ? 'spin' : '')}</span
    >
    <div class="run-head">
      <strong>${kind === 'planner' ? 'Planner' : named(agentName)}</strong
      >${unconfinedAgents(app.store.state.agents).has(agentName) ? unconfinedMark() : nothing}<span
        class="status"
        data-testid="run-state"
        >${look.word}</span
      >
      <a class="run-time" href=${runUrl(task.id, id)} title="Link to this run" data-testid="run-link"
        >${timeTemplate(app, each)}</a
      >
    </div>
    ${reason ? html`<p class="run-reason ${look.hue === 'failed' ? 'is-bad' : ''}" data-testid="run-reason" dir="auto">${shownText(reason)}</p>` : nothing}
    ${run?.resumeAt ? html`<p class="run-reason" data-testid="run-resume-at">Goes on by itself: <time datetime=${iso(run.resumeAt)}>${moment(run.resumeAt, app.live.now())}</time></p>` : nothing}
    ${report ? reportTemplate(app, report) : nothing}
    ${record ? html`${fold(app, `input-${id}`, 'Instructions', record.input)}${record.output === report?.output ? nothing : fold(app, `output-${id}`, 'Output', record.output)}` : nothing}
    ${run ? factsTemplate(run) : nothing} ${run && run.state !== 'queued' ? outputs.template(run) : nothing}
    ${run && isUnfinished(state) ? toolsTemplate(app, run) : nothing}
    ${handoffs.length > 0 ? listTemplate(app, task, handoffs, linked, outputs) : nothing}
  </li>`;
}

/**
 * @param {App} app
 * @param {TimelineRun} each
 */
function timeTemplate(app, { startedAt, endedAt, state }) {
  if (startedAt === null) return nothing;
  const now = app.live.now();
  const lasted =
    state === 'queued'
      ? nothing
      : html` · <span data-testid="run-duration">${duration((endedAt ?? now) - startedAt)}</span>`;
  return html`<time datetime=${iso(startedAt)} title="Started at ${clock(startedAt)}">${moment(startedAt, now)}</time
    >${lasted}`;
}

/**
 * @param {App} app
 * @param {CompletionReport} report
 */
const reportTemplate = (app, { summary, output, blockedReason }) =>
  html`<div class="run-report" data-testid="run-report">
    ${summary ? markdown(summary, app.painter.request) : nothing}
    ${blockedReason ? html`<p class="run-blocked">${icon('circle-pause')}<span dir="auto">${shownText(blockedReason)}</span></p>` : nothing}
    ${
      output
        ? html`<details class="fold" open>
            <summary>Report</summary>
            ${markdown(output, app.painter.request)}
          </details>`
        : nothing
    }
  </div>`;

/**
 * @param {App} app
 * @param {string} id
 * @param {string} title
 * @param {string} text
 */
const fold = (app, id, title, text) =>
  text
    ? html`<details class="fold" id="run-${id}">
        <summary>${title}</summary>
        ${markdown(text, app.painter.request)}
      </details>`
    : nothing;

/**
 * @param {Used} used
 * @param {string} [before]
 */
function factsTemplate({ tokens, costUsd }, before = '') {
  const facts = [
    tokens.input + tokens.output > 0
      ? `${plural(tokens.input, 'token')} read, ${tokens.output.toLocaleString('en')} written`
      : '',
    costUsd === null ? '' : dollars(costUsd),
  ].filter((fact) => fact !== '');
  return facts.length > 0 ? html`<p class="run-facts" data-testid="used">${before}${facts.join(' · ')}</p>` : nothing;
}

/**
 * @param {App} app
 * @param {Run} run
 */
function toolsTemplate(app, run) {
  const progress = app.saving.of(`run:${run.id}`)?.says ?? null;
  const reason = progress ?? app.blocked();
  const stopping = run.state === 'stopping' ? 'It is stopping already.' : null;
  const mayChange = run.kind === 'agent' && isAtWork(run.state);
  return html`<div class="run-tools" role="group" aria-label="Actions for ${isolated(oneLine(run.agentName))}">
    ${button({ label: run.state === 'queued' || run.state === 'paused' ? 'Cancel' : 'Stop', icon: 'square', look: 'is-small', reason: reason ?? stopping, run: () => void app.actions.cancelRun(run), testid: 'run-stop' })}
    ${mayChange ? button({ label: 'Tools…', icon: 'wrench', look: 'is-small', reason, run: () => app.openTools(run.id), testid: 'run-tools' }) : nothing}
    ${mayChange ? button({ label: 'Close by hand…', icon: 'check', look: 'is-small', reason, run: () => askOutput(app, run), testid: 'run-close' }) : nothing}
    ${progress ? html`<span class="section-note">${icon('loader-circle', 'spin')}${progress}</span>` : nothing}
  </div>`;
}

/**
 * @param {App} app
 * @param {Run} run
 */
const askOutput = (app, run) =>
  app.openText({
    title: `Close the run of ${isolated(oneLine(run.agentName))}`,
    intro:
      run.parentRunId === null ? 'The task then waits for you.' : 'The agent that handed off goes on with this output.',
    label: 'Its output',
    action: 'Close the run',
    icon: 'check',
    draftKey: `task:${run.taskId}:output:${run.id}`,
    mostBytes: OUTPUT_BYTES,
    reason: () => hasEnded(app.store.state.runs.get(run.id)?.state),
    submit: (output) => app.actions.closeRun(run, output),
  });

/** @param {RunState|undefined} state */
const hasEnded = (state) =>
  state === undefined ? 'It has ended by now.' : isAtWork(state) ? null : 'Another run is at work now.';
