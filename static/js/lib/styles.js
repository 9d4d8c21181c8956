// @ts-check
/** Style sheets that come with code which is fetched later. */

/** @type {Map<string, Promise<void>>} */
const sheets = new Map();

/**
 * @param {string} href
 * @returns {Promise<void>} once it applies
 */
export function loadStyles(href) {
  const known = sheets.get(href);
  if (known) return known;
  const link = Object.assign(document.createElement('link'), { rel: 'stylesheet', href });
  const loading = new Promise((resolve, reject) => {
    link.onload = () => resolve(undefined);
    link.onerror = () => {
      link.remove();
      sheets.delete(href);
      reject(new Error(`${href} could not be fetched`));
    };
  });
  sheets.set(href, loading);
  document.head.append(link);
  return loading;
}
