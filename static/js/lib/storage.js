// @ts-check
/** Small choices that outlive the page. A browser that forbids storage forgets them, and nothing else happens. */

const PREFIX = 'chorus:';

/**
 * @param {string} name
 * @returns {string|null}
 */
export function recall(name) {
  try {
    return localStorage.getItem(PREFIX + name);
  } catch {
    return null;
  }
}

/**
 * @param {string} name
 * @param {string} value '' forgets it
 */
export function remember(name, value) {
  try {
    if (value === '') localStorage.removeItem(PREFIX + name);
    else localStorage.setItem(PREFIX + name, value);
  } catch {
    // Forbidden or full: the choice lasts as long as the page.
  }
}
