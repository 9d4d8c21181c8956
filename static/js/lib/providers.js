// @ts-check
/** Providers for people: kinds, presets, who uses one, what a form about one may hold. */

import { withoutNulls } from './agent-form.js';
import { nameProblem } from './names.js';

/** @import {BoardState, Provider} from '../types.js' */
/** @import {Values} from './merge.js' */

/** @type {readonly {type: Provider['providerType']['type'], label: string, says: string}[]} */
export const KINDS = [
  {
    type: 'claude-code',
    label: 'Claude Code (CLI)',
    says: 'Runs the claude program of this machine, signed in as it is there.',
  },
  {
    type: 'opencode',
    label: 'OpenCode (CLI)',
    says: 'Runs the opencode program of this machine, set up as it is there.',
  },
  {
    type: 'openai-compat',
    label: 'OpenAI-compatible',
    says: 'Talks to an address that speaks OpenAI’s chat API, here or elsewhere.',
  },
];

/**
 * `mark` tells a preset by its address.
 * @type {readonly {value: string, label: string, url: string, mark: string, needsKey: boolean}[]}
 */
export const PRESETS = [
  {
    value: 'openrouter',
    label: 'OpenRouter',
    url: 'https://openrouter.ai/api/v1',
    mark: 'openrouter.ai',
    needsKey: true,
  },
  { value: 'ollama', label: 'Ollama', url: 'http://localhost:11434/v1', mark: 'localhost:11434', needsKey: false },
  { value: 'lmstudio', label: 'LM Studio', url: 'http://localhost:1234/v1', mark: 'localhost:1234', needsKey: false },
];

/** @param {string} url */
export const presetOf = (url) => PRESETS.find(({ mark }) => url.includes(mark)) ?? null;

/** @param {Provider} provider */
export const kindLabel = ({ providerType: kind }) =>
  (kind.type === 'openai-compat' ? presetOf(kind.apiBaseUrl)?.label : undefined) ??
  KINDS.find(({ type }) => type === kind.type)?.label ??
  kind.type;

/** What is known of a stored key. @param {string|null} hint its last characters; '': too short to show any */
export const keyWords = (hint) =>
  hint === null ? 'No key' : hint === '' ? 'A short key is stored' : `Key ends in ${hint}`;

/**
 * Names of the agents on a provider, and whether the system agents are on it as well.
 * @param {string} name
 * @param {Pick<BoardState, 'agents'|'config'>} state
 */
export function usersOf(name, { agents, config }) {
  const names = [...agents.values()]
    .filter((agent) => agent.type === 'user_defined' && agent.provider === name)
    .map((agent) => agent.name);
  return { agents: names.sort((a, b) => a.localeCompare(b)), system: config?.systemAgentProvider === name };
}

/**
 * What the form shows. `apiKey`: the stored key's hint, or what is to become of it: {to: 'replace', key} or {to:
 * 'remove'}.
 * @param {Provider|null} provider
 * @returns {Values}
 */
export function providerValues(provider) {
  if (!provider) return { name: '', type: 'claude-code', apiBaseUrl: '', apiKey: null, defaultModel: '' };
  const { providerType: kind } = provider;
  return kind.type === 'openai-compat'
    ? { type: kind.type, apiBaseUrl: kind.apiBaseUrl, apiKey: kind.apiKeyHint, defaultModel: kind.defaultModel }
    : { type: kind.type };
}

/**
 * Without a word about the key the stored one stays.
 * @param {Provider|null} provider
 * @param {Values} values
 */
export function providerBody(provider, values) {
  const { name = provider?.name, type, apiBaseUrl, defaultModel, apiKey } = values;
  if (type !== 'openai-compat') return { name, providerType: { type } };
  const key = apiKey?.to === 'replace' ? { apiKey: apiKey.key.trim() } : apiKey?.to === 'remove' ? { apiKey: '' } : {};
  return { name, providerType: { type, apiBaseUrl: apiBaseUrl.trim(), defaultModel: defaultModel.trim(), ...key } };
}

/**
 * @param {Values} values
 * @param {ReadonlyMap<string, unknown>} taken names that a new one cannot have
 * @returns {Record<string, string>}
 */
export function providerProblems(values, taken) {
  const name = 'name' in values ? nameProblem(values.name, 'provider', taken) : null;
  if (values.type !== 'openai-compat') return withoutNulls({ name });
  return withoutNulls({
    name,
    apiBaseUrl: urlProblem(values.apiBaseUrl.trim()),
    apiKey:
      values.apiKey?.to === 'replace' && values.apiKey.key.trim() === ''
        ? 'Type the new key, or choose another option.'
        : null,
    defaultModel: values.defaultModel.length > 200 ? 'At most 200 characters are allowed.' : null,
  });
}

/** @param {string} url */
function urlProblem(url) {
  if (url === '') return 'Give the address of the API, such as https://openrouter.ai/api/v1.';
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (!parsed || !['http:', 'https:'].includes(parsed.protocol)) return 'This is no http or https address.';
  return parsed.username || parsed.password
    ? 'Leave out the user name and password, which everybody would see; use the API key.'
    : null;
}
