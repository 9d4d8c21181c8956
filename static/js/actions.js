// @ts-check
/**
 * What a person can do, as requests. Each says what failed in a notice and answers whether it worked.
 * No answer enters the store: its event does.
 */

import { ApiError } from './api.js';
import { UNDO_MS } from './elements/notices.js';
import { reasonOf } from './lib/failures.js';
import { STATUS } from './lib/statuses.js';
import { titleOf } from './lib/text.js';
import { attachmentPath } from './uploads.js';
import { quoted } from './lib/visible.js';

/** @import {Answer, Api} from './api.js' */
/** @import {Notices} from './elements/notices.js' */
/** @import {Saving} from './saving.js' */
/** @import {Uploads} from './uploads.js' */
/** @import {Message, OutputPage, Run, StatusWord, Task} from './types.js' */

/**
 * @typedef {{description: string} | {summary: string} | {requirements: string[]} | {acceptanceCriteria: string[]} |
 *   {plan: string[]}} FieldChange
 */
/** @typedef {{result: 'saved', task: Task} | {result: 'stale', current: Task} | {result: 'failed'}} SaveResult */

const SOURCE = { sourceType: 'web', userId: 'anonymous', conversationId: null };

/** @param {{api: Api, notices: Notices, saving: Saving, uploads: Uploads}} surroundings */
export function createActions({ api, notices, saving, uploads }) {
  /**
   * @param {string} key
   * @param {string} says
   * @param {string} failure what could not be done, as a sentence
   * @param {() => Promise<Answer>} call
   * @returns {Promise<Answer|null>} null: it failed, and the person has been told
   */
  async function attempt(key, says, failure, call) {
    try {
      return await saving.follow(key, says, call);
    } catch (error) {
      notices.error(failure, { advice: reasonOf(error) });
      return null;
    }
  }

  /**
   * For dialogs, which say themselves what is wrong.
   * @param {string} key
   * @param {string} says
   * @param {() => Promise<Answer>} call
   * @returns {Promise<string|null>}
   */
  async function tried(key, says, call) {
    try {
      await saving.follow(key, says, call);
      return null;
    } catch (error) {
      return reasonOf(error);
    }
  }

  /**
   * @param {string} done
   * @param {string} failure of the undoing
   * @param {Answer} answer to a DELETE
   * @param {() => void} [then]
   */
  function offerUndo(done, failure, answer, then) {
    const token = answer.data?.undo;
    const run = () =>
      attempt(`undo:${token}`, 'Undoing', failure, () => api.post(`/api/undo/${encodeURIComponent(token)}`)).then(then);
    notices.success(done, token ? { action: { label: 'Undo', run }, lastsMs: UNDO_MS, unique: true } : {});
  }

  return {
    attempt,
    offerUndo,

    /**
     * @param {string} description
     * @param {readonly File[]} files
     * @param {string} key the same for every try of the same form
     * @returns {Promise<{id: string}|{error: string}>}
     */
    async createTask(description, files, key) {
      try {
        const answer = await saving.follow('new-task', 'Creating', () =>
          api.post('/api/tasks', { description, source: SOURCE }, { key }),
        );
        void uploads.sendAll(answer.data.id, files);
        return { id: answer.data.id };
      } catch (error) {
        return { error: reasonOf(error) };
      }
    },

    /**
     * @param {Task} task
     * @param {StatusWord} to
     * @param {string} [message] why it failed
     */
    async move(task, to, message) {
      const label = STATUS[to].label;
      const failure = `${quoted(titleOf(task.description))} could not be moved to ${label}.`;
      const status = { type: to, ...(message ? { message } : {}) };
      const answer = await attempt(`task:${task.id}:status`, `Moving to ${label}`, failure, () =>
        api.put(`${taskPath(task.id)}/status`, { status }),
      );
      return answer !== null;
    },

    /** @param {Task} task */
    async plan(task) {
      const failure = `The planner could not be started on ${quoted(titleOf(task.description))}.`;
      return (
        (await attempt(`task:${task.id}:status`, 'Starting the planner', failure, () =>
          api.post(`${taskPath(task.id)}/plan`),
        )) !== null
      );
    },

    /**
     * @param {Task} task
     * @param {readonly string[]} answers by position
     * @param {string} key
     */
    async answer(task, answers, key) {
      const failure = 'Your answers were not sent. They are kept.';
      return (
        (await attempt(`task:${task.id}:status`, 'Sending the answers', failure, () =>
          api.post(`${taskPath(task.id)}/answers`, { answers }, { key }),
        )) !== null
      );
    },

    /**
     * @param {Task} task
     * @param {{agentName: string, prompt: string, force: boolean}} order
     * @param {string} key
     * @returns {Promise<string|null>} why not
     */
    start: (task, order, key) =>
      tried(`task:${task.id}:status`, `Starting ${order.agentName}`, () =>
        api.post(`${taskPath(task.id)}/handoff`, order, { key }),
      ),

    /** In the same session. @param {Run} run */
    async resume({ id, taskId, agentName }) {
      return (
        (await attempt(`task:${taskId}:status`, `Resuming ${agentName}`, `${agentName} could not go on.`, () =>
          api.post(`${runPath(id)}/resume`),
        )) !== null
      );
    },

    /** @param {Run} run */
    async cancelRun({ id, agentName }) {
      await attempt(`run:${id}`, `Stopping ${agentName}`, `${agentName} could not be stopped.`, () =>
        api.post(`${runPath(id)}/cancel`),
      );
    },

    /**
     * Closes the run at work with what a person says its output is.
     * @param {Run} run
     * @param {string} output
     * @returns {Promise<string|null>} why not
     */
    closeRun: ({ id, taskId, agentName }, output) =>
      tried(`run:${id}`, `Closing ${agentName}`, () => api.put(`${taskPath(taskId)}/handoff/complete`, { output })),

    /**
     * @param {Run} run
     * @param {{addTools: string[], removeTools: string[]}} change
     * @returns {Promise<string|null>} why not
     */
    changeTools: ({ id, taskId }, change) =>
      tried(`run:${id}`, 'Changing the tools', () => api.put(`${taskPath(taskId)}/agent-tools`, change)),

    /**
     * Archived tasks, last archived first; nothing where they cannot be read.
     * @param {string} q
     * @param {number} limit
     * @param {AbortSignal} signal
     * @returns {Promise<Task[]>}
     */
    async searchArchive(q, limit, signal) {
      const query = new URLSearchParams({ archived: 'true', q, limit: String(limit) });
      return (await api.get(`/api/tasks?${query}`, { signal }).catch(() => null))?.data ?? [];
    },

    /**
     * Saves one field. Somebody else's change of the same field is not a failure: the person chooses.
     * @param {string} id
     * @param {FieldChange} change
     * @param {number} version that the person has seen
     * @returns {Promise<SaveResult>}
     */
    async saveField(id, change, version) {
      const call = () =>
        'description' in change
          ? api.patch(taskPath(id), change, { ifMatch: version })
          : api.put(`${taskPath(id)}/planning`, change, { ifMatch: version });
      try {
        const answer = await saving.follow(`task:${id}:${Object.keys(change)[0]}`, 'Saving', call);
        return { result: 'saved', task: answer.data };
      } catch (error) {
        if (error instanceof ApiError && error.status === 412 && error.current)
          return { result: 'stale', current: error.current };
        notices.error('Your change was not saved.', { advice: `${reasonOf(error)} Your text is kept.` });
        return { result: 'failed' };
      }
    },

    /** @param {Task} task */
    async deleteTask(task) {
      const title = titleOf(task.description);
      const answer = await attempt(`task:${task.id}:delete`, 'Deleting', `${quoted(title)} was not deleted.`, () =>
        api.delete(taskPath(task.id)),
      );
      if (answer) offerUndo(`Deleted ${quoted(title)}`, `${quoted(title)} could not be brought back.`, answer);
      return answer !== null;
    },

    /**
     * @param {string} taskId
     * @param {string} filename
     */
    async deleteAttachment(taskId, filename) {
      const answer = await attempt(
        `task:${taskId}:file:${filename}`,
        'Deleting',
        `${quoted(filename)} was not deleted.`,
        () => api.delete(attachmentPath(taskId, filename)),
      );
      if (answer) offerUndo(`Deleted ${quoted(filename)}`, `${quoted(filename)} could not be brought back.`, answer);
    },

    /**
     * @param {string} taskId
     * @param {string} content
     * @param {string} key
     */
    async addMessage(taskId, content, key) {
      const answer = await attempt(`task:${taskId}:queue`, 'Adding', 'The message was not added.', () =>
        api.post(`${taskPath(taskId)}/queue`, { content }, { key }),
      );
      return answer !== null;
    },

    /**
     * @param {string} taskId
     * @param {Message} message
     */
    async removeMessage(taskId, message) {
      const path = `${taskPath(taskId)}/queue/${encodeURIComponent(message.id)}`;
      const answer = await attempt(
        `task:${taskId}:queue:${message.id}`,
        'Removing',
        'The message was not removed.',
        () => api.delete(path),
      );
      if (answer) offerUndo('Message removed', 'The message could not be brought back.', answer);
    },

    /**
     * A page of a run's output, or null.
     * @param {string} runId
     * @param {Record<string, string|number>} query
     * @returns {Promise<OutputPage|null>}
     */
    async readOutput(runId, query) {
      const words = new URLSearchParams(Object.entries(query).map(([name, value]) => [name, String(value)]));
      try {
        return (await api.get(`/api/runs/${encodeURIComponent(runId)}/output?${words}`)).data;
      } catch (error) {
        notices.error('The output could not be read.', { advice: reasonOf(error) });
        return null;
      }
    },

    /**
     * One entry with its values in full, or null.
     * @param {string} taskId
     * @param {number} entryId
     */
    async readHistoryEntry(taskId, entryId) {
      try {
        return (await api.get(`${taskPath(taskId)}/history/${entryId}`)).data;
      } catch (error) {
        notices.error('The full text could not be read.', { advice: reasonOf(error) });
        return null;
      }
    },
  };
}

/** @typedef {ReturnType<typeof createActions>} Actions */

/** @param {string} id */
const taskPath = (id) => `/api/tasks/${encodeURIComponent(id)}`;

/** @param {string} id */
const runPath = (id) => `/api/runs/${encodeURIComponent(id)}`;
