// @ts-check
/** Builders of wire shapes with everything filled in. */

/** @import {HistoryEntry, Run, Snapshot, Task} from '../../../static/js/types.js' */

/**
 * @param {string} id
 * @param {Partial<Task>} [fields]
 * @returns {Task}
 */
export function task(id, fields = {}) {
  return /** @type {Task} */ ({
    taskType: 'descriptionOnly',
    id,
    description: `task ${id}`,
    status: { type: 'pending' },
    createdAt: 1,
    updatedAt: 1,
    sessionId: null,
    source: { sourceType: 'web', userId: 'anonymous', conversationId: null },
    attachments: [],
    agentChain: [],
    version: 1,
    seq: 1,
    truncated: [],
    attachmentCount: 0,
    chainCount: 0,
    archivedAt: null,
    ...fields,
  });
}

/**
 * @param {string} id
 * @param {string} taskId
 * @param {Partial<Run>} [fields]
 * @returns {Run}
 */
export function run(id, taskId, fields = {}) {
  return {
    id,
    taskId,
    agentName: 'writer',
    kind: 'agent',
    parentRunId: null,
    state: 'running',
    reason: null,
    resumeAt: null,
    startedAt: 1,
    endedAt: null,
    sessionId: null,
    tokens: { input: 0, output: 0 },
    costUsd: null,
    allowedTools: [],
    version: 1,
    ...fields,
  };
}

/**
 * @param {number} id
 * @param {Partial<HistoryEntry>} [fields]
 * @returns {HistoryEntry}
 */
export function entry(id, fields = {}) {
  return { id, timestamp: id, eventType: 'status_changed', data: { from: 'pending', to: 'planned' }, ...fields };
}

/**
 * @param {Partial<Snapshot>} [fields]
 * @returns {Snapshot}
 */
export function snapshot(fields = {}) {
  return {
    epoch: 'e1',
    seq: 0,
    tasks: [],
    agents: [],
    providers: [],
    runs: [],
    config: null,
    configPath: null,
    ...fields,
  };
}

/**
 * @param {number} seq
 * @param {string} type
 * @param {any} data
 * @param {HistoryEntry[]} [history]
 * @returns {any}
 */
export function event(seq, type, data, history) {
  return { type, seq, at: seq, data, ...(history ? { history } : {}) };
}
