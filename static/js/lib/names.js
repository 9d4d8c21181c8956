// @ts-check
/** Names of agents and providers: what the server takes, in its own words. */

export const NOT_CONFIGURED = 'not-configured';

const SHAPE = /^(?!\.)[A-Za-z0-9._-]{1,64}$/;

/**
 * Null when the name can be given.
 * @param {string} name
 * @param {string} kind “agent” or “provider”
 * @param {ReadonlyMap<string, unknown>} taken
 * @returns {string|null}
 */
export function nameProblem(name, kind, taken) {
  if (name === '') return 'Give it a name.';
  if (name === NOT_CONFIGURED) return `“${NOT_CONFIGURED}” is reserved. Choose another name.`;
  if (name.length > 64) return `The name has ${name.length} characters; at most 64 are allowed.`;
  if (!SHAPE.test(name)) return 'Use letters, digits, “.”, “_” and “-” only, not starting with “.”.';
  return taken.has(name) ? `Another ${kind} has the name “${name}” already.` : null;
}

/** “a, b and c”. @param {readonly string[]} names */
export function listed(names) {
  return names.length < 2 ? (names[0] ?? '') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}
