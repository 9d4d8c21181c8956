// @ts-check
/** Requests of these pages. Answers never enter the store: their events do. */

import { listed } from '../../lib/names.js';
import { agentUrl, providerUrl } from '../../router.js';

/** @import {Answer} from '../../api.js' */
/** @import {App} from '../../app.js' */
/** @import {Agent, Provider} from '../../types.js' */

/**
 * @param {App} app
 * @param {Agent} agent
 * @param {object} body
 * @returns {Promise<Answer>}
 */
export const putAgent = ({ api }, agent, body) =>
  api.put(`/api${agentUrl(agent.name)}`, body, { ifMatch: agent.version });

/**
 * @param {App} app
 * @param {Provider} provider
 * @param {object} body
 * @returns {Promise<Answer>}
 */
export const putProvider = ({ api }, provider, body) =>
  api.put(`/api${providerUrl(provider.name)}`, body, { ifMatch: provider.version });

/**
 * @param {App} app
 * @param {string} name
 * @returns {Promise<boolean>} whether it is gone
 */
export async function deleteAgent({ api, actions }, name) {
  const answer = await actions.attempt(`agent:${name}:delete`, 'Deleting', `“${name}” was not deleted.`, () =>
    api.delete(`/api${agentUrl(name)}`),
  );
  if (answer) actions.offerUndo(`Deleted “${name}”`, `“${name}” could not be brought back.`, answer);
  return answer !== null;
}

/**
 * Says who has lost it.
 * @param {App} app
 * @param {string} name
 * @param {boolean} system whether the system agents were on it
 * @returns {Promise<boolean>}
 */
export async function deleteProvider({ api, actions }, name, system) {
  const answer = await actions.attempt(`provider:${name}:delete`, 'Deleting', `“${name}” was not deleted.`, () =>
    api.delete(`/api${providerUrl(name)}`),
  );
  if (!answer) return false;
  const without = [...answer.data.affectedAgents, ...(system ? ['the planner'] : [])];
  const says =
    without.length > 0 ? `: ${listed(without)} ${without.length === 1 ? 'has' : 'have'} no provider now` : '';
  actions.offerUndo(`Deleted “${name}”${says}`, `“${name}” could not be brought back.`, answer);
  return true;
}
