// @ts-check
/** One block of a run's output: a record, or the pieces of an answer. */

import { html, nothing } from '../../vendor/lit-html/lit-html.js';
import { guard } from '../../vendor/lit-html/directives/guard.js';
import { boundary } from '../../elements/boundary.js';
import { button } from '../../elements/button.js';
import { icon } from '../../elements/icons.js';
import { longText, markdown } from '../../elements/markdown.js';
import { lastOf } from '../../lib/blocks.js';
import { cutNote, gist, readable, textOf } from '../../lib/output.js';
import { dollars, plural } from '../../lib/text.js';
import { clockSeconds, iso } from '../../lib/time.js';
import { oneLine, visible } from '../../lib/visible.js';

/** @import {App} from '../../app.js' */
/** @import {OutputRecord} from '../../types.js' */

const SIGNS = /** @type {const} */ ({
  text: 'message-square',
  thinking: 'ellipsis',
  tool_call: 'wrench',
  tool_result: 'arrow-right',
  usage: 'chart-column',
  notice: 'info',
  error: 'triangle-alert',
  stderr: 'triangle-alert',
});

/**
 * @param {App} app
 * @param {OutputRecord} record
 * @param {OutputRecord|null} result of a tool call
 * @param {boolean} isWorking whether the run goes on
 * @param {(() => void)|null} show goes to where it was said
 */
export function recordTemplate(app, record, result, isWorking, show) {
  return html`<li
    class="record"
    data-n=${record.n}
    data-to=${lastOf(record)}
    data-kind=${record.kind}
    data-testid="record"
    tabindex="-1"
  >
    ${icon(SIGNS[record.kind] ?? 'circle-dot')}
    <div class="record-body">
      ${boundary(
        'This record',
        () => html`${contents(app, record, result, isWorking)}${note(record)}`,
        () => textOf(record),
      )}
      ${show ? button({ label: 'Show where it was said', look: 'is-small is-quiet', run: show, testid: 'record-show' }) : nothing}
    </div>
    <time datetime=${iso(record.at)}>${clockSeconds(record.at)}</time>
  </li>`;
}

/** @param {OutputRecord} record */
const note = (record) => (record.bytes === undefined ? nothing : html`<p class="soft">${cutNote(record)}</p>`);

/**
 * @param {App} app
 * @param {OutputRecord} record
 * @param {OutputRecord|null} result
 * @param {boolean} isWorking
 */
function contents(app, record, result, isWorking) {
  switch (record.kind) {
    case 'text':
      return markdown(shown(record), app.painter.request);
    case 'thinking':
      return html`<details class="fold">
        <summary>Thinking</summary>
        ${longText(shown(record), app.painter.request)}
      </details>`;
    case 'tool_call':
      return callTemplate(record, result, isWorking);
    case 'tool_result':
      return html`<details class="fold">
        <summary>${record.isError ? 'Refused or failed' : 'Result'}</summary>
        ${jsonTemplate(record.output)}
      </details>`;
    case 'usage':
      return html`<p class="soft">${usage(record)}</p>`;
    default:
      return plainTemplate(record);
  }
}

/** @param {OutputRecord} record */
function plainTemplate(record) {
  const text = record.kind === 'stderr' ? html`<code>${shown(record)}</code>` : shown(record);
  return html`<p class="plain ${record.kind === 'notice' ? 'soft' : ''}" dir="auto">${text}</p>`;
}

/** A text does not change while its record is the same object. @type {WeakMap<OutputRecord, string>} */
const texts = new WeakMap();

/** @param {OutputRecord} record */
function shown(record) {
  const text = texts.get(record) ?? visible(textOf(record));
  texts.set(record, text);
  return text;
}

/**
 * @param {OutputRecord} record
 * @param {OutputRecord|null} result
 * @param {boolean} isWorking
 */
function callTemplate({ tool, input }, result, isWorking) {
  const end = result ? (result.isError ? 'failed' : 'done') : isWorking ? 'at work' : 'no result';
  return html`<details class="fold call" data-end=${end}>
    <summary>
      <strong>${oneLine(tool || 'A tool')}</strong>
      <bdi class="gist">${guard([input], () => visible(gist(input)))}</bdi> <span class="end">${end}</span>
    </summary>
    <div>
      <p class="part">Input</p>
      ${jsonTemplate(input)}${
        result
          ? html`<p class="part">Result</p>
              ${jsonTemplate(result.output)}${note(result)}`
          : nothing
      }
    </div>
  </details>`;
}

/** @param {unknown} value */
const jsonTemplate = (value) =>
  html`<pre class="json" tabindex="0" dir="auto">${guard([value], () => visible(readable(value)) || '(empty)')}</pre>`;

/** @param {OutputRecord} record */
function usage({ input, output, costUsd }) {
  const cost = typeof costUsd === 'number' ? ` · ${dollars(costUsd)}` : '';
  return `${plural(input ?? 0, 'token')} read, ${plural(output ?? 0, 'token')} written in this turn${cost}`;
}
