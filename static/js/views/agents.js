// @ts-check
/** Agents: the list, one of them, or a new one, by the address. */

import { createAgent } from './registry/agent.js';
import { createAgentList } from './registry/agent-list.js';

/** @import {App, View} from '../app.js' */
/** @import {RegistryRoute} from '../router.js' */

/**
 * @param {App} app
 * @param {RegistryRoute} route
 * @returns {View}
 */
export const createAgents = (app, { name, isNew }) =>
  name === null && !isNew ? createAgentList(app) : createAgent(app, name);
