// @ts-check
/** Who can be started, and why not the rest. */

/** @import {Agent, BoardState, Provider, UserAgent} from '../types.js' */

const NOT_CONFIGURED = 'not-configured';

/**
 * Why nobody can plan, or work, on any task now; null: somebody can.
 * @typedef {{plan: string|null, start: string|null}} Hindrances
 */

/**
 * Those that a person can start, by name.
 * @param {ReadonlyMap<string, Agent>} agents
 * @returns {UserAgent[]}
 */
export const userAgents = (agents) =>
  [...agents.values()].filter((agent) => agent.type === 'user_defined').sort((a, b) => a.name.localeCompare(b.name));

/**
 * Names of the agents whose programs keep their own tools.
 * @param {ReadonlyMap<string, Agent>} agents
 * @returns {ReadonlySet<string>}
 */
export const unconfinedAgents = (agents) =>
  new Set(
    [...agents.values()].filter((agent) => agent.type === 'user_defined' && agent.unconfined).map(({ name }) => name),
  );

/**
 * Null when it can run; else the reason, as a sentence.
 * @param {UserAgent} agent
 * @param {ReadonlyMap<string, Provider>} providers
 * @returns {string|null}
 */
export function whyNotRun({ provider }, providers) {
  if (provider === NOT_CONFIGURED) return 'It has no provider. Choose one on the Agents page.';
  return providers.has(provider)
    ? null
    : `Its provider “${provider}” does not exist any more. Choose another on the Agents page.`;
}

/**
 * @param {Pick<BoardState, 'agents'|'providers'|'config'>} board
 * @returns {Hindrances}
 */
export function hindrancesOf({ agents, providers, config }) {
  const planner = config?.systemAgentProvider ?? NOT_CONFIGURED;
  const mine = userAgents(agents);
  return {
    plan: planner === NOT_CONFIGURED ? 'No provider is set for the planner. Choose one on the Settings page.' : null,
    start: mine.some((agent) => whyNotRun(agent, providers) === null) ? null : noAgent(mine.length),
  };
}

/** @param {number} count */
const noAgent = (count) =>
  count === 0
    ? 'There is no agent yet. Create one on the Agents page.'
    : 'No agent has a provider yet. Choose one on the Agents page.';
