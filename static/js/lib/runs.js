// @ts-check
/** The runs of a task as people see them: a timeline in which a hand-off stands below the run that handed off. */

/** @import {HandoffRecord, Run, RunState, StatusWord, Task} from '../types.js' */

/**
 * @typedef {Object} TimelineRun
 * @property {string} id
 * @property {string} agentName
 * @property {'planner'|'agent'} kind
 * @property {RunState} state
 * @property {number|null} startedAt
 * @property {number|null} endedAt
 * @property {HandoffRecord|null} record what it was given and gave back; none for the planner
 * @property {Run|null} run null: not read yet
 * @property {TimelineRun[]} handoffs
 */

/** @type {Readonly<Record<RunState, {word: string, icon: string, hue: StatusWord}>>} */
export const RUN_LOOKS = {
  queued: { word: 'Queued', icon: 'circle-dashed', hue: 'pending' },
  starting: { word: 'Starting', icon: 'loader-circle', hue: 'active' },
  running: { word: 'Working', icon: 'circle-play', hue: 'active' },
  waiting: { word: 'Waits for its hand-off', icon: 'circle-ellipsis', hue: 'active' },
  paused: { word: 'Paused', icon: 'circle-pause', hue: 'waiting' },
  stopping: { word: 'Stopping', icon: 'circle-pause', hue: 'waiting' },
  succeeded: { word: 'Done', icon: 'circle-check', hue: 'completed' },
  blocked: { word: 'Blocked', icon: 'circle-pause', hue: 'waiting' },
  failed: { word: 'Failed', icon: 'circle-x', hue: 'failed' },
  cancelled: { word: 'Cancelled', icon: 'x', hue: 'pending' },
  interrupted: { word: 'Interrupted', icon: 'triangle-alert', hue: 'waiting' },
};

/** @type {readonly RunState[]} */
const UNFINISHED = ['queued', 'starting', 'running', 'waiting', 'paused', 'stopping'];

/** @param {RunState} state */
export const isUnfinished = (state) => UNFINISHED.includes(state);

/** The states in which a person may still give it tools, or its output. @param {RunState} state */
export const isAtWork = (state) => state === 'queued' || state === 'starting' || state === 'running';

/** @type {Readonly<Record<string, RunState>>} */
const BY_REPORT = { complete: 'succeeded', blocked: 'blocked', failed: 'failed' };

/**
 * Before the runs have been read, the chain tells enough.
 * @param {HandoffRecord} record
 * @returns {RunState}
 */
const stateOf = ({ completedAt, completionReport }) =>
  completedAt === null ? 'running' : (BY_REPORT[completionReport?.status ?? ''] ?? 'interrupted');

/**
 * Oldest first, hand-offs below their parents. Runs that only one of the two knows are shown with what it knows.
 * @param {readonly HandoffRecord[]} chain
 * @param {readonly Run[]} runs
 * @returns {TimelineRun[]}
 */
export function timelineOf(chain, runs) {
  const records = new Map(chain.map((record) => [record.runId, record]));
  const known = new Set(runs.map((run) => run.id));
  const nodes = [
    ...chain.filter(({ runId }) => !known.has(runId ?? '')).map(ofRecord),
    ...runs.map((run) => ofRun(run, records.get(run.id) ?? null)),
  ];
  const byId = new Map(nodes.map((node) => [node.id, node]));
  return nodes.filter((node) => {
    const parent = byId.get(node.run?.parentRunId ?? node.record?.parentRunId ?? '');
    parent?.handoffs.push(node);
    return parent === undefined;
  });
}

/**
 * @param {HandoffRecord} record
 * @param {number} index
 * @returns {TimelineRun}
 */
const ofRecord = (record, index) => ({
  id: record.runId ?? `record-${index}`,
  agentName: record.agentName,
  kind: 'agent',
  state: stateOf(record),
  startedAt: record.startedAt,
  endedAt: record.completedAt,
  record,
  run: null,
  handoffs: [],
});

/**
 * @param {Run} run
 * @param {HandoffRecord|null} record
 * @returns {TimelineRun}
 */
const ofRun = (run, record) => ({
  id: run.id,
  agentName: run.agentName,
  kind: run.kind,
  state: run.state,
  startedAt: run.startedAt,
  endedAt: run.endedAt,
  record,
  run,
  handoffs: [],
});

/**
 * The run that a waiting task can go on with, and why it cannot do so yet. Null: there is none.
 * @param {Task} task
 * @param {readonly Run[]} runs oldest first
 * @returns {{run: Run, reason: string|null}|null}
 */
export function resumable(task, runs) {
  const run = runs.findLast(({ kind, parentRunId }) => kind === 'agent' && parentRunId === null);
  if (task.status.type !== 'waiting' || !run) return null;
  const isReady = run.state === 'paused' || !isUnfinished(run.state);
  return { run, reason: isReady ? null : `${run.agentName} is still stopping.` };
}

/**
 * @typedef {{tokens: {input: number, output: number}, costUsd: number|null}} Used what runs have used; the cost is null
 *   where nobody tells it
 */

/**
 * @param {readonly Used[]} runs
 * @returns {Used}
 */
export function totalOf(runs) {
  const costs = runs.flatMap(({ costUsd }) => costUsd ?? []);
  const sum = (/** @type {number[]} */ numbers) => numbers.reduce((total, each) => total + each, 0);
  return {
    tokens: {
      input: sum(runs.map(({ tokens }) => tokens.input)),
      output: sum(runs.map(({ tokens }) => tokens.output)),
    },
    costUsd: costs.length > 0 ? sum(costs) : null,
  };
}
