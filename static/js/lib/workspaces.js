// @ts-check
/** Workspaces by their paths. */

/** @param {string} configPath */
export const folderOf = (configPath) => configPath.slice(0, configPath.lastIndexOf('/')) || '/';

/**
 * Null when the server can look there.
 * @param {string} path
 * @returns {string|null}
 */
export function pathProblem(path) {
  if (path.trim() === '') return 'Give the path of the folder.';
  if (!path.trim().startsWith('/')) return 'Give the whole path, beginning with “/”.';
  return path.trim().split('/').includes('..') ? 'The path must not contain “..”.' : null;
}

/**
 * Null when it can be a folder's name.
 * @param {string} name
 * @returns {string|null}
 */
export function folderNameProblem(name) {
  if (name.trim() === '') return 'Give it a name.';
  return /[/\\\0]|\.\./.test(name) ? 'The name must not contain “/”, “\\” or “..”.' : null;
}

/**
 * The path that follows a name until somebody types one.
 * @param {string} base
 * @param {string} name
 */
export const suggestedPath = (base, name) =>
  folderNameProblem(name) ? '' : `${base.replace(/\/+$/, '')}/${name.trim()}`;
