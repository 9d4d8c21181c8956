// @ts-check
/** What a person can do with a task now, for its page and for the palette. */

import { hindrancesOf, unconfinedAgents } from '../../lib/agents.js';
import { resumable } from '../../lib/runs.js';
import { titleOf } from '../../lib/text.js';
import { hindranceOf, stepsOf } from '../../lib/transitions.js';
import { questionsUrl } from '../../router.js';
import { quoted } from '../../lib/visible.js';

/** @import {App} from '../../app.js' */
/** @import {Step} from '../../lib/transitions.js' */
/** @import {Run, Task} from '../../types.js' */

/**
 * @typedef {Object} TaskAction
 * @property {string} id
 * @property {string} label
 * @property {string} icon
 * @property {boolean} isLikely
 * @property {string|null} reason why it cannot be done now
 * @property {string|null} hindrance the part of the reason that somebody has to change elsewhere
 * @property {() => void} run
 */

const MESSAGE_BYTES = 64 * 1024;

/**
 * @param {App} app
 * @param {Task} task
 * @param {readonly Run[]} runs of the task
 * @returns {TaskAction[]}
 */
export function actionsOf(app, task, runs) {
  const busy = app.saving.of(`task:${task.id}:status`)?.says ?? null;
  const hindrances = hindrancesOf(app.store.state);
  const steps = stepsOf(task).map((step) => ofStep(app, task, step, busy, hindranceOf(step, hindrances)));
  const found = resumable(task, runs);
  return found ? [ofResume(app, found.run, busy ?? app.blocked() ?? found.reason), ...steps] : steps;
}

/**
 * @param {App} app
 * @param {Task} task
 * @param {Step} step
 * @param {string|null} busy
 * @param {string|null} hindrance
 * @returns {TaskAction}
 */
function ofStep(app, task, step, busy, hindrance) {
  const { verb, to, label, icon, isLikely = false } = step;
  return {
    id: verb === 'move' ? to : verb,
    label,
    icon,
    isLikely,
    hindrance,
    reason: busy ?? app.blocked() ?? hindrance,
    run: () => take(app, task, step),
  };
}

/**
 * @param {App} app
 * @param {Run} run
 */
const nameOf = ({ store }, { agentName }) =>
  unconfinedAgents(store.state.agents).has(agentName) ? `${agentName} (unconfined)` : agentName;

/**
 * @param {App} app
 * @param {Run} run
 * @param {string|null} reason
 * @returns {TaskAction}
 */
const ofResume = (app, run, reason) => ({
  id: 'resume',
  label: `Resume ${nameOf(app, run)}`,
  icon: 'rotate-ccw',
  isLikely: true,
  hindrance: null,
  reason,
  run: () => void app.actions.resume(run),
});

/**
 * @param {App} app
 * @param {Task} task
 * @param {Step} step
 */
export function take(app, task, { verb, to }) {
  if (verb === 'plan') void app.actions.plan(task);
  else if (verb === 'start') app.openStart(task.id);
  else if (verb === 'answer') app.router.go(questionsUrl(task.id));
  else if (to === 'failed') askWhy(app, task);
  else void app.actions.move(task, to);
}

/**
 * @param {App} app
 * @param {Task} task
 */
const askWhy = (app, task) =>
  app.openText({
    title: 'Mark as failed',
    intro: `${quoted(titleOf(task.description))}. An agent that works on it is stopped.`,
    label: 'What went wrong (optional)',
    action: 'Mark failed',
    icon: 'circle-x',
    draftKey: `task:${task.id}:failure`,
    mostBytes: MESSAGE_BYTES,
    reason: () => null,
    async submit(message) {
      return (await app.actions.move(task, 'failed', message))
        ? null
        : 'It was not marked as failed. The notice says why.';
    },
  });
