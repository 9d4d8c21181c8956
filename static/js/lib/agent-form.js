// @ts-check
/** Agents on their own pages: whether one can work, whether it does, what a form about one may hold. */

import { NOT_CONFIGURED, nameProblem } from './names.js';
import { DESCRIPTION_LIMIT, byteLength, formatBytes } from './text.js';
import { inOrder } from './tools.js';

/** @import {Agent, BoardState, Run, Task} from '../types.js' */
/** @import {Values} from './merge.js' */

const MODEL_LIMIT = 200;

/**
 * What an agent runs on; a system agent on the provider of the settings.
 * @param {Agent} agent
 * @param {BoardState['config']} config
 */
export const providerOf = (agent, config) =>
  agent.type === 'internal' ? (config?.systemAgentProvider ?? NOT_CONFIGURED) : agent.provider;

/**
 * Null when it can work; else what to do.
 * @param {Agent} agent
 * @param {Pick<BoardState, 'providers'|'config'>} state
 */
export function unreadiness(agent, { providers, config }) {
  if (providers.has(providerOf(agent, config))) return null;
  return agent.type === 'internal'
    ? 'Needs a provider: choose one for system agents in Settings.'
    : 'Needs a provider.';
}

/**
 * Its unfinished runs, those at work first.
 * @param {string} name
 * @param {Iterable<Run>} runs
 */
export function runsOf(name, runs) {
  const mine = [...runs].filter((run) => run.agentName === name);
  return [...mine.filter(isAtWork), ...mine.filter((run) => !isAtWork(run))];
}

/** @param {Run} run */
export const isAtWork = ({ state }) => ['starting', 'running', 'waiting', 'stopping'].includes(state);

/**
 * Tasks whose plan suggests the agent and that are not done.
 * @param {string} name
 * @param {Iterable<Task>} tasks
 */
export function tasksPlannedFor(name, tasks) {
  return [...tasks].filter(
    (task) =>
      task.taskType === 'planned' && task.assignedAgent === name && !['completed', 'failed'].includes(task.status.type),
  );
}

/**
 * What the form shows of an agent; without one: a new agent.
 * @param {Agent|null} agent
 * @returns {Values}
 */
export function agentValues(agent) {
  if (!agent)
    return {
      name: '',
      instructions: '',
      allowedTools: ['file.read', 'file.list', 'file.search'],
      provider: NOT_CONFIGURED,
      model: '',
      unconfined: false,
    };
  if (agent.type === 'internal') return { instructions: agent.instructions };
  return {
    instructions: agent.instructions,
    allowedTools: inOrder(agent.allowedTools),
    provider: agent.provider,
    model: agent.model ?? '',
    unconfined: agent.unconfined ?? false,
  };
}

/**
 * The request that makes or changes it.
 * @param {Agent|null} agent
 * @param {Values} values
 */
export function agentBody(agent, values) {
  const { name = agent?.name, instructions } = values;
  if (agent?.type === 'internal') return { type: 'internal', name, instructions };
  const { allowedTools, provider, model, unconfined } = values;
  return { type: 'user_defined', name, instructions, allowedTools, provider, model: model.trim() || null, unconfined };
}

/**
 * What is wrong, by field. `taken`: the names that a new agent cannot have.
 * @param {Values} values
 * @param {{taken: ReadonlyMap<string, unknown>, providers: ReadonlyMap<string, unknown>}} known
 * @returns {Record<string, string>}
 */
export function agentProblems(values, { taken, providers }) {
  return withoutNulls({
    name: 'name' in values ? nameProblem(values.name, 'agent', taken) : null,
    instructions: instructionsProblem(values.instructions),
    provider:
      'provider' in values && values.provider !== NOT_CONFIGURED && !providers.has(values.provider)
        ? `There is no provider “${values.provider}” any more. Choose another one.`
        : null,
    model: (values.model ?? '').length > MODEL_LIMIT ? `At most ${MODEL_LIMIT} characters are allowed.` : null,
  });
}

/** @param {string} text */
function instructionsProblem(text) {
  if (text.trim() === '') return 'Say what the agent is to do.';
  return byteLength(text) > DESCRIPTION_LIMIT
    ? `The text is ${formatBytes(byteLength(text))}; at most 64 KiB are allowed.`
    : null;
}

/**
 * @param {Record<string, string|null>} problems
 * @returns {Record<string, string>}
 */
export const withoutNulls = (problems) =>
  Object.fromEntries(Object.entries(problems).flatMap(([field, problem]) => (problem ? [[field, problem]] : [])));
