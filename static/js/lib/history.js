// @ts-check
/** The history of a task in sentences. Event types that this page does not know still read well. */

import { laidOut } from './json.js';
import { STATUS } from './statuses.js';
import { terminalText } from './terminal.js';
import { formatBytes, plural } from './text.js';

/** @import {HistoryEntry, StatusWord} from '../types.js' */

/** @typedef {'status'|'planning'|'agents'|'tools'|'content'} Topic */
/** @typedef {Record<string, string>} Data */

/**
 * @typedef {Object} Kind
 * @property {Topic} topic
 * @property {string} icon
 * @property {(data: Data) => string} says
 * @property {readonly string[]} [told] keys that the sentence already tells
 */

/** @type {Readonly<Record<Topic, string>>} */
export const TOPICS = {
  status: 'Status',
  planning: 'Planning',
  agents: 'Agents',
  tools: 'Tool calls',
  content: 'Edits, files, messages',
};

/** @param {string|undefined} word */
const label = (word) => STATUS[/** @type {StatusWord} */ (word)]?.label ?? word ?? '?';

/** @param {string} fields */
const namesOf = (fields) =>
  fields
    .split(/[\s,]+/)
    .map((field) => readable(field).toLowerCase())
    .join(', ');

const AGENT_TOLD = ['agentName', 'handoffIndex', 'outputLength', 'runId', 'state'];

/** @type {Readonly<Record<string, Kind>>} */
const KINDS = {
  task_created: { topic: 'content', icon: 'plus', says: () => 'Task created' },
  task_restored: { topic: 'content', icon: 'undo-2', says: () => 'Deletion undone' },
  description_edited: { topic: 'content', icon: 'pencil', says: () => 'Description edited' },
  planning_edited: {
    topic: 'content',
    icon: 'pencil',
    says: ({ fields }) => (fields ? `Plan edited: ${namesOf(fields)}` : 'Plan edited'),
    told: ['fields'],
  },
  attachment_added: {
    topic: 'content',
    icon: 'paperclip',
    says: ({ filename, size }) => `Attached ${filename}${size ? `, ${formatBytes(Number(size))}` : ''}`,
    told: ['filename', 'size'],
  },
  attachment_deleted: {
    topic: 'content',
    icon: 'trash-2',
    says: ({ filename }) => `Deleted ${filename}`,
    told: ['filename'],
  },
  message_queued: { topic: 'content', icon: 'message-square', says: () => 'Message queued' },
  message_withdrawn: { topic: 'content', icon: 'x', says: () => 'Message taken back' },
  status_changed: {
    topic: 'status',
    icon: 'arrow-right',
    says: ({ from, to }) => `${label(from)} → ${label(to)}`,
    told: ['from', 'to'],
  },
  planning_started: { topic: 'planning', icon: 'circle-ellipsis', says: () => 'Planning started' },
  planning_completed: { topic: 'planning', icon: 'list-checks', says: () => 'Plan finished' },
  planning_questions_returned: {
    topic: 'planning',
    icon: 'circle-question-mark',
    says: ({ questionCount }) => `The planner asked ${plural(Number(questionCount), 'question')}`,
    told: ['questionCount'],
  },
  planning_failed: { topic: 'planning', icon: 'triangle-alert', says: () => 'Planning failed' },
  planner_output_submitted: {
    topic: 'planning',
    icon: 'file-text',
    says: () => 'The planner handed in its result',
    told: ['tool', 'runId'],
  },
  answers_submitted: { topic: 'planning', icon: 'send', says: () => 'Questions answered', told: ['answerCount'] },
  agent_started: {
    topic: 'agents',
    icon: 'circle-play',
    says: ({ agentName }) => `${agentName} started`,
    told: AGENT_TOLD,
  },
  agent_completed: {
    topic: 'agents',
    icon: 'bot',
    says: ({ agentName, state }) => `${agentName} ended${state ? `: ${state}` : ''}`,
    told: AGENT_TOLD,
  },
  agent_handoff_started: {
    topic: 'agents',
    icon: 'arrow-left-right',
    says: ({ agentName }) => `Handed off to ${agentName}`,
    told: AGENT_TOLD,
  },
  agent_handoff_completed: {
    topic: 'agents',
    icon: 'arrow-left-right',
    says: ({ agentName }) => `${agentName} handed back`,
    told: AGENT_TOLD,
  },
  completion_report_submitted: {
    topic: 'agents',
    icon: 'file-text',
    says: ({ status }) => `Report handed in: ${status}`,
    told: ['status', 'runId'],
  },
  tools_changed: { topic: 'agents', icon: 'wrench', says: () => 'Tools of the run changed', told: ['runId'] },
  tool_executed: {
    topic: 'tools',
    icon: 'wrench',
    says: ({ tool, status }) => `${tool}${status === 'error' ? ' failed' : ''}`,
    told: ['tool', 'status', 'callId', 'runId'],
  },
};

/**
 * @param {string} type
 * @returns {Kind}
 */
const kindOf = (type) => KINDS[type] ?? { topic: 'content', icon: 'info', says: () => readable(type) };

/**
 * `some_event` → `Some event`; `plan_step_1` → `Plan step 1`; `blockedReason` → `Blocked reason`.
 * @param {string} word
 */
export function readable(word) {
  const words = word
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .replaceAll('_', ' ')
    .toLowerCase();
  return words.slice(0, 1).toUpperCase() + words.slice(1);
}

/**
 * @typedef {Object} Told
 * @property {Topic} topic
 * @property {string} icon
 * @property {string} sentence
 * @property {boolean} isBad
 * @property {[string, string][]} details keys and values that the sentence does not tell
 */

/**
 * @param {HistoryEntry} entry
 * @returns {Told}
 */
export function tell({ eventType, data }) {
  const { topic, icon, says, told = [] } = kindOf(eventType);
  const isBad = eventType === 'planning_failed' || data['status'] === 'error' || data['to'] === 'failed';
  const details = Object.entries(data).filter(([key, value]) => !told.includes(key) && value !== '');
  return { topic, icon, sentence: says(data), isBad, details: inOrder(details) };
}

/** `step_2` before `step_10`. @param {[string, string][]} pairs */
const inOrder = (pairs) => pairs.sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }));

/**
 * Newest first, those that fit.
 * @param {readonly HistoryEntry[]} entries oldest first
 * @param {{topic: string, q: string}} filter
 */
export function selectEntries(entries, { topic, q }) {
  const words = q.toLowerCase().trim();
  return entries
    .filter((entry) => (topic === '' || tell(entry).topic === topic) && (words === '' || textOf(entry).includes(words)))
    .reverse();
}

/** @param {HistoryEntry} entry */
const textOf = (entry) =>
  [tell(entry).sentence, readable(entry.eventType), ...Object.values(entry.data)].join('\n').toLowerCase();

/**
 * @typedef {Object} ToolCall
 * @property {string} input laid out for reading
 * @property {string} output
 * @property {boolean} isCut
 */

/**
 * Null where the entry tells of something else.
 * @param {HistoryEntry} entry
 * @returns {ToolCall|null}
 */
export function toolCallOf({ eventType, data, truncated }) {
  if (eventType !== 'tool_executed') return null;
  return {
    input: laidOut(data['input'] ?? ''),
    output: terminalText(laidOut(data['output'] ?? '')),
    isCut: !!truncated?.length,
  };
}

const AGENT_EVENTS = [
  'agent_started',
  'agent_completed',
  'agent_handoff_started',
  'agent_handoff_completed',
  'completion_report_submitted',
  'tools_changed',
];

/**
 * The run that the entry speaks of, or null.
 * @param {HistoryEntry} entry
 * @returns {string|null}
 */
export const runIdOf = ({ eventType, data }) => (AGENT_EVENTS.includes(eventType) ? (data['runId'] ?? null) : null);
