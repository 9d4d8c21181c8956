// @ts-check
/**
 * Typed text that is not saved yet: survives pushes, navigation, reconnect and reload of this tab.
 * Kept per tab (sessionStorage): two tabs that type in the same box do not overwrite each other.
 */

/** @typedef {Pick<Storage, 'getItem'|'setItem'|'removeItem'|'key'|'length'>} DraftStorage */
/** @typedef {{text: string, base: any, at: number}} Draft `base`: what it was typed against, e.g. a version */

const PREFIX = 'chorus:draft:';
const WORKSPACE = 'chorus:workspace';
const COMMON = 'workspaces:';

/** @param {{storage?: DraftStorage|null, now?: () => number}} [surroundings] */
export function createDrafts({ storage = sessionStorageOrNull(), now = Date.now } = {}) {
  /**
   * Holds what storage refuses (full, or forbidden by the browser) and secrets: it lives as long as the page.
   * @type {Map<string, Draft>}
   */
  const memory = new Map();
  /** What was typed in one workspace never turns up in another. */
  let workspace = attempt(() => storage?.getItem(WORKSPACE)) ?? '';

  const scope = () => (workspace === '' ? PREFIX : `${PREFIX}${workspace}:`);

  /** What is typed about workspaces belongs to none. @param {string} key */
  const place = (key) => (key.startsWith(COMMON) ? PREFIX : scope()) + key;

  /**
   * @param {string} key
   * @returns {Draft|null}
   */
  function get(key) {
    return memory.get(place(key)) ?? parseDraft(attempt(() => storage?.getItem(place(key))));
  }

  /**
   * Empty text clears.
   * @param {string} key
   * @param {string} text
   * @param {unknown} [base]
   */
  function set(key, text, base = get(key)?.base ?? null) {
    if (text === '') return clear(key);
    const draft = { text, base, at: now() };
    const stored = attempt(() => (storage?.setItem(place(key), JSON.stringify(draft)), storage != null));
    if (stored) memory.delete(place(key));
    else memory.set(place(key), draft);
  }

  /**
   * Like `set`, but never stored: for secrets.
   * @param {string} key
   * @param {string} text
   */
  function hold(key, text) {
    if (text === '') memory.delete(place(key));
    else memory.set(place(key), { text, base: null, at: now() });
  }

  /** @param {string} key */
  function clear(key) {
    memory.delete(place(key));
    attempt(() => storage?.removeItem(place(key)));
  }

  /** @param {string} [prefix] */
  function keys(prefix = '') {
    const stored = attempt(() => storedKeys(storage)) ?? [];
    const mine = [...new Set([...stored, ...memory.keys()])].filter((key) => key.startsWith(scope() + prefix));
    return mine.map((key) => key.slice(scope().length)).sort();
  }

  /** The workspace that is open now. What was typed before any was known comes along. @param {string} name */
  function enter(name) {
    if (name === workspace) return;
    const early = workspace === '' ? keys().map((key) => /** @type {const} */ ([key, get(key)])) : [];
    for (const [key] of early) clear(key);
    workspace = name;
    attempt(() => storage?.setItem(WORKSPACE, name));
    for (const [key, draft] of early) if (draft) set(key, draft.text, draft.base);
  }

  return { get, set, hold, clear, keys, enter };
}

/** @typedef {ReturnType<typeof createDrafts>} Drafts */

/** @param {DraftStorage|null} storage */
function storedKeys(storage) {
  const names = Array.from({ length: storage?.length ?? 0 }, (_, index) => storage?.key(index) ?? '');
  return names.filter((name) => name.startsWith(PREFIX));
}

/**
 * @param {string|null|undefined} text
 * @returns {Draft|null}
 */
function parseDraft(text) {
  const draft = attempt(() => JSON.parse(text ?? 'null'));
  return typeof draft?.text === 'string' ? draft : null;
}

/** A browser that forbids storage throws on the mere mention of it. */
function sessionStorageOrNull() {
  return attempt(() => globalThis.sessionStorage) ?? null;
}

/**
 * @template T
 * @param {() => T} action
 * @returns {T|undefined}
 */
function attempt(action) {
  try {
    return action();
  } catch {
    return undefined;
  }
}
