// @ts-check
/** Access tokens for people: what one permits, what a form about a new one may hold, how an MCP client is given one. */

import { withoutNulls } from './agent-form.js';
import { listed, nameProblem } from './names.js';

/** @import {Values} from './merge.js' */

/**
 * What a token may permit; the names are those of common/tools.py.
 * @type {readonly {scope: string, label: string, word: string}[]}
 */
export const SCOPES = [
  { scope: 'task.list', label: 'List the tasks on the board', word: 'list' },
  { scope: 'task.get', label: 'Read any task', word: 'read' },
  { scope: 'task.create', label: 'Create tasks', word: 'create' },
  { scope: 'task.report', label: 'Report work done outside as a task’s result', word: 'report on' },
];

/** A new one permits everything. @returns {Values} */
export const newToken = () => ({ name: '', scopes: SCOPES.map(({ scope }) => scope) });

/** @param {readonly string[]} scopes */
export const scopeWords = (scopes) =>
  `May ${listed(SCOPES.filter(({ scope }) => scopes.includes(scope)).map(({ word }) => word))} tasks`;

/**
 * @param {Values} values
 * @param {ReadonlyMap<string, unknown>} taken
 * @returns {Record<string, string>}
 */
export const tokenProblems = ({ name, scopes }, taken) =>
  withoutNulls({
    name: nameProblem(name, 'access token', taken),
    scopes: scopes.length === 0 ? 'Choose at least one.' : null,
  });

/**
 * What an MCP client is configured with.
 * @param {{token: string, mcpCommand: string}} made
 * @param {string} origin of Chorus
 */
export const mcpConfig = ({ token, mcpCommand }, origin) =>
  JSON.stringify(
    { mcpServers: { chorus: { command: mcpCommand, env: { CHORUS_API_URL: origin, CHORUS_TOKEN: token } } } },
    null,
    2,
  );
