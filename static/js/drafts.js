// @ts-check
/**
 * Typed text that is not saved yet: survives pushes, navigation, reconnect and reload of this tab.
 * Kept per tab (sessionStorage): two tabs that type in the same box do not overwrite each other.
 */

/** @typedef {Pick<Storage, 'getItem'|'setItem'|'removeItem'|'key'|'length'>} DraftStorage */
/** @typedef {{text: string, base: any, at: number}} Draft `base`: what it was typed against, e.g. a version */

const PREFIX = 'chorus:draft:';

/** @param {{storage?: DraftStorage|null, now?: () => number}} [surroundings] */
export function createDrafts({ storage = sessionStorageOrNull(), now = Date.now } = {}) {
  /** Holds what storage refuses (full, or forbidden by the browser): then a draft lives as long as the page. @type {Map<string, Draft>} */
  const memory = new Map();

  /** @param {string} key @returns {Draft|null} */
  function get(key) {
    return memory.get(key) ?? parseDraft(attempt(() => storage?.getItem(PREFIX + key)));
  }

  /** Empty text clears. @param {string} key @param {string} text @param {unknown} [base] */
  function set(key, text, base = get(key)?.base ?? null) {
    if (text === '') return clear(key);
    const draft = { text, base, at: now() };
    const stored = attempt(() => (storage?.setItem(PREFIX + key, JSON.stringify(draft)), storage != null));
    if (stored) memory.delete(key);
    else memory.set(key, draft);
  }

  /** @param {string} key */
  function clear(key) {
    memory.delete(key);
    attempt(() => storage?.removeItem(PREFIX + key));
  }

  /** @param {string} [prefix] */
  function keys(prefix = '') {
    const stored = attempt(() => storedKeys(storage)) ?? [];
    return [...new Set([...stored, ...memory.keys()])].filter((key) => key.startsWith(prefix)).sort();
  }

  return { get, set, clear, keys };
}

/** @typedef {ReturnType<typeof createDrafts>} Drafts */

/** @param {DraftStorage|null} storage */
function storedKeys(storage) {
  const names = Array.from({ length: storage?.length ?? 0 }, (_, index) => storage?.key(index) ?? '');
  return names.filter((name) => name.startsWith(PREFIX)).map((name) => name.slice(PREFIX.length));
}

/** @param {string|null|undefined} text @returns {Draft|null} */
function parseDraft(text) {
  const draft = attempt(() => JSON.parse(text ?? 'null'));
  return typeof draft?.text === 'string' ? draft : null;
}

/** A browser that forbids storage throws on the mere mention of it. */
function sessionStorageOrNull() {
  return attempt(() => globalThis.sessionStorage) ?? null;
}

/** @template T @param {() => T} action @returns {T|undefined} */
function attempt(action) {
  try {
    return action();
  } catch {
    return undefined;
  }
}
