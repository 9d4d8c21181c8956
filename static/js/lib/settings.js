// @ts-check
/** The settings of a workspace: what its form shows, what is wrong with it, what an edited chorus.json would change. */

import { withoutNulls } from './agent-form.js';
import { NOT_CONFIGURED } from './names.js';

/** @import {WorkspaceConfig} from '../types.js' */
/** @import {Values} from './merge.js' */

export const HIGHEST_PORT = 65_534;
export const MOST_ARCHIVE_DAYS = 3_650;

/**
 * Numbers are texts while they are typed; '' is unset.
 * @param {WorkspaceConfig|null} config
 * @returns {Values}
 */
export function settingsValues(config) {
  return {
    allowedAgentDirectories: config?.allowedAgentDirectories ?? [],
    initialAgentDirectory: config?.initialAgentDirectory ?? '',
    systemAgentProvider: config?.systemAgentProvider ?? NOT_CONFIGURED,
    port: String(config?.port ?? ''),
    archiveDays: String(config?.archiveDays ?? ''),
  };
}

/** Blank rows are left out. @param {Values} values */
export function settingsBody({
  allowedAgentDirectories,
  initialAgentDirectory,
  systemAgentProvider,
  port,
  archiveDays,
}) {
  return {
    allowedAgentDirectories: filled(allowedAgentDirectories),
    initialAgentDirectory: initialAgentDirectory.trim(),
    systemAgentProvider,
    ...(port.trim() === '' ? {} : { port: Number(port) }),
    ...(archiveDays.trim() === '' ? {} : { archiveDays: Number(archiveDays) }),
  };
}

/**
 * @param {readonly string[]} directories
 * @returns {string[]}
 */
export const filled = (directories) => directories.map((each) => each.trim()).filter((each) => each !== '');

/**
 * @param {Values} values
 * @param {ReadonlyMap<string, unknown>} providers
 * @returns {Record<string, string>}
 */
export function settingsProblems(values, providers) {
  const directories = filled(values.allowedAgentDirectories);
  const initial = values.initialAgentDirectory.trim();
  const { systemAgentProvider } = values;
  return withoutNulls({
    allowedAgentDirectories: directoriesProblem(directories),
    initialAgentDirectory:
      initial !== '' && !directories.includes(initial) ? 'It must be one of the allowed directories.' : null,
    systemAgentProvider:
      systemAgentProvider !== NOT_CONFIGURED && !providers.has(systemAgentProvider)
        ? `There is no provider “${systemAgentProvider}” any more. Choose another one.`
        : null,
    port: numberProblem(values.port, HIGHEST_PORT),
    archiveDays: numberProblem(values.archiveDays, MOST_ARCHIVE_DAYS),
  });
}

/** @param {readonly string[]} directories */
function directoriesProblem(directories) {
  const relative = directories.find((each) => !each.startsWith('/'));
  if (relative !== undefined) return `“${relative}” is no whole path: begin with “/”.`;
  return directories.length > 100 ? `There are ${directories.length} directories; at most 100 are allowed.` : null;
}

/**
 * @param {string} text
 * @param {number} most
 */
function numberProblem(text, most) {
  const typed = text.trim();
  if (typed === '') return null;
  return /^\d{1,6}$/.test(typed) && Number(typed) >= 1 && Number(typed) <= most
    ? null
    : `Give a whole number from 1 to ${most.toLocaleString('en')}, or leave it empty.`;
}

/** @type {readonly {key: keyof WorkspaceConfig, label: string}[]} */
const LABELS = [
  { key: 'allowedAgentDirectories', label: 'Allowed directories' },
  { key: 'initialAgentDirectory', label: 'Initial directory' },
  { key: 'systemAgentProvider', label: 'Provider of system agents' },
  { key: 'port', label: 'Port' },
  { key: 'archiveDays', label: 'Days until archived' },
];

/**
 * What the file would change.
 * @param {WorkspaceConfig} now
 * @param {Partial<WorkspaceConfig>} file
 * @returns {{label: string, now: string, file: string}[]}
 */
export function changesOf(now, file) {
  return LABELS.map(({ key, label }) => ({ label, now: words(now[key]), file: words(file[key]) })).filter(
    (each) => each.now !== each.file,
  );
}

/** @param {unknown} value */
const words = (value) => (Array.isArray(value) ? value.join('\n') : value == null ? '' : String(value)) || 'not set';
