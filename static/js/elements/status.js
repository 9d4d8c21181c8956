// @ts-check
/** A state as icon, word and hue; an agent as a chip that pulses while it works. */

import { html, nothing } from '../vendor/lit-html/lit-html.js';
import { STATUS, isWorking } from '../lib/statuses.js';
import { currentAgent } from '../lib/text.js';
import { icon } from './icons.js';
import { oneLine } from '../lib/visible.js';

/** @import {StatusWord, Task} from '../types.js' */

const UNCONFINED =
  'It keeps its program’s own tools, such as a shell: it can do whatever the user can who runs Chorus.';

/**
 * Stands wherever an agent is shown whose program keeps its own tools.
 * @param {boolean} [isShort] there is no room for the word
 */
export const unconfinedMark = (isShort = false) =>
  html`<span class="unconfined" title="Unconfined. ${UNCONFINED}" data-testid="unconfined"
    >${icon('shield-alert')}<span class=${isShort ? 'unseen' : nothing}>unconfined</span></span
  >`;

/**
 * @param {StatusWord} word
 * @param {string} [look]
 */
export const statusTemplate = (word, look = '') =>
  html`<span class="status ${look}" data-status=${word} data-testid="status"
    >${icon(STATUS[word].icon)}${STATUS[word].label}</span
  >`;

/**
 * @param {Task} task
 * @param {boolean} isUnconfined
 */
export function agentChip(task, isUnconfined) {
  const name = oneLine(currentAgent(task));
  if (name === '') return nothing;
  const works = isWorking(task.status.type);
  return html`<span class="agent ${works ? 'is-working' : ''}" data-testid="agent">
    ${works ? html`<span class="pulse"></span>` : icon('bot')}<bdi class="agent-name" title=${name}>${name}</bdi
    >${isUnconfined ? unconfinedMark(true) : nothing}<span class="unseen">${works ? 'is working' : ''}</span>
  </span>`;
}
