// @ts-check
/** Tasks for tests. */

/** @import {Task} from '../../../static/js/types.js' */

let made = 0;

/**
 * @param {Partial<Record<keyof Task | 'summary' | 'requirements' | 'acceptanceCriteria' | 'plan' | 'questions' |
 *   'assignedAgent', any>>} [fields]
 * @returns {Task}
 */
export function makeTask(fields = {}) {
  made += 1;
  return /** @type {Task} */ ({
    taskType: 'descriptionOnly',
    id: `task-${made}`,
    description: `Task ${made}`,
    status: { type: 'pending' },
    createdAt: 0,
    updatedAt: 0,
    sessionId: null,
    source: { sourceType: 'web', userId: 'anonymous', conversationId: null },
    attachments: [],
    agentChain: [],
    version: 1,
    seq: made,
    truncated: [],
    attachmentCount: 0,
    chainCount: 0,
    archivedAt: null,
    ...fields,
  });
}

/**
 * @param {Partial<Record<string, any>>} [fields]
 * @returns {Task}
 */
export const makePlanned = (fields = {}) =>
  makeTask({
    taskType: 'planned',
    summary: '',
    requirements: [],
    acceptanceCriteria: [],
    plan: [],
    questions: [],
    assignedAgent: null,
    ...fields,
  });

/** @param {string} agentName */
export const makeRun = (agentName) => ({
  agentName,
  runId: null,
  parentRunId: null,
  startedAt: 0,
  completedAt: 1,
  input: '',
  output: '',
  completionReport: null,
});
