// @ts-check
/** The strip on top: what waits for a person, with the reason. Its height never changes, so the board does not jump. */

import { html, nothing } from '../../vendor/lit-html/lit-html.js';
import { repeat } from '../../vendor/lit-html/directives/repeat.js';
import { icon } from '../../elements/icons.js';
import { statusTemplate } from '../../elements/status.js';
import { fewOf } from '../../lib/board.js';
import { boardUrl, NO_FILTERS } from '../../lib/filters.js';
import { NEEDS_YOU } from '../../lib/statuses.js';
import { currentAgent, plural, titleOf } from '../../lib/text.js';
import { taskUrl } from '../../router.js';
import { isolated, oneLine, shownText } from '../../lib/visible.js';

/** @import {Task} from '../../types.js' */

const AT_MOST = 6;

/**
 * @param {readonly Task[]} tasks
 * @param {boolean} loading
 */
export const needsYouTemplate = (tasks, loading) =>
  html`<section class="needs-you" aria-labelledby="needs-you-title" data-testid="needs-you" data-count=${tasks.length}>
    ${tasks.length === 0 ? nobody(loading) : strip(tasks)}
  </section>`;

/** @param {boolean} loading */
const nobody = (loading) =>
  html`<h2 class="needs-you-title needs-you-none" id="needs-you-title">
    ${loading ? 'Fetching the board…' : html`${icon('check')}Nothing needs you right now`}
  </h2>`;

/** @param {readonly Task[]} tasks */
const strip = (tasks) =>
  html`<h2 class="needs-you-title" id="needs-you-title">Needs you <span class="count">${tasks.length}</span></h2>
    <ul class="needs-you-list">
      ${repeat(fewOf(tasks, AT_MOST), (task) => task.id, item)}
    </ul>
    ${tasks.length > AT_MOST ? rest(tasks.length - AT_MOST) : nothing}`;

/** @param {number} count */
const rest = (count) =>
  html`<a class="needs-you-more" data-testid="needs-you-more" href=${boardUrl({ ...NO_FILTERS, statuses: NEEDS_YOU })}
    >${count} more</a
  >`;

/** @param {Task} task */
const item = (task) =>
  html`<li>
    <a
      class="need"
      href=${taskUrl(task.id)}
      data-testid="need"
      data-task-id=${task.id}
      data-status=${task.status.type}
      title=${reasonOf(task) || nothing}
    >
      ${statusTemplate(task.status.type)}<bdi class="need-title">${titleOf(task.description)}</bdi
      ><bdi class="need-reason">${reasonOf(task)}</bdi>
    </a>
  </li>`;

/** @param {Task} task */
function reasonOf(task) {
  if (task.status.type === 'failed') return shownText(task.status.message);
  if (task.status.type === 'waiting')
    return currentAgent(task) ? `${isolated(oneLine(currentAgent(task)))} is paused` : '';
  const open = task.taskType === 'planned' ? task.questions.filter((each) => each.answer === null).length : 0;
  return open > 0 ? plural(open, 'question') : '';
}
