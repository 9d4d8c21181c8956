// @ts-check
/** What one step changed: told to the views, and merged when they paint several steps at once. Pure. */

/** @import {Changes} from './types.js' */

const SETS = /** @type {const} */ (['tasks', 'removed', 'agents', 'providers', 'runs', 'parts']);

/**
 * @param {Changes['source']} source
 * @returns {Changes}
 */
export function noChanges(source) {
  return {
    source,
    all: false,
    tasks: new Set(),
    removed: new Set(),
    agents: new Set(),
    providers: new Set(),
    runs: new Set(),
    parts: new Set(),
    config: false,
    workspaces: false,
  };
}

/**
 * Both, as one. A snapshot swallows what was pushed before it: a whole new board is no remote change to point at.
 * @param {Changes|null} earlier
 * @param {Changes} later
 * @returns {Changes}
 */
export function mergeChanges(earlier, later) {
  if (!earlier || later.all) return later;
  const merged = noChanges(earlier.source === 'push' || later.source === 'push' ? 'push' : later.source);
  merged.all = earlier.all;
  merged.config = earlier.config || later.config;
  merged.workspaces = earlier.workspaces || later.workspaces;
  for (const set of SETS) merged[set] = new Set([...earlier[set], ...later[set]]);
  for (const id of later.tasks) if (!later.removed.has(id)) merged.removed.delete(id);
  return merged;
}
