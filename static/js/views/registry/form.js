// @ts-check
/**
 * A form about one thing that others may change at the same time. What is typed is kept, field by field, over the thing
 * as it is now: other fields follow pushes, and where somebody else changed the same field the person chooses. Drafts
 * survive navigation and reload; secrets live in memory only.
 */

import { ApiError } from '../../api.js';
import { reasonOf } from '../../lib/failures.js';
import { conflictsOf, keepMine, merged, tidied, touch, typedSince, untouch } from '../../lib/merge.js';
import { newKey } from '../../lib/key.js';

/** @import {Answer} from '../../api.js' */
/** @import {App} from '../../app.js' */
/** @import {Touched, Value, Values} from '../../lib/merge.js' */

/**
 * @template {{version?: number}} T
 * @typedef {Object} FormOptions
 * @property {string} key of its draft
 * @property {string} title what is edited, for notices
 * @property {() => T|null} thing as the store holds it; null for a new one
 * @property {(thing: T|null) => Values} valuesOf
 * @property {(values: Values) => Record<string, string>} problemsOf by field
 * @property {(values: Values, thing: T|null, key: string) => Promise<Answer>} send
 * @property {(answer: Answer, values: Values) => void} saved
 * @property {readonly string[]} [secrets] fields that are never stored
 */

/** @typedef {{theirs: Value, keep: () => void, take: () => void}} Conflict */

const DISCARD_UNDO_MS = 15_000;

/**
 * @template {{version?: number}} T
 * @param {App} app
 * @param {FormOptions<T>} options
 */
export function createForm(app, { key: draftKey, title, thing, valuesOf, problemsOf, send, saved, secrets = [] }) {
  const { drafts, notices, painter, saving } = app;
  /** Newer than the store: what an answer told. @type {T|null} */
  let ahead = null;
  /** Whether problems of untouched fields are shown, too. */
  let tried = false;
  let busy = false;
  /**
   * What the server refused, and the values it refused.
   * @type {{fields: Record<string, string>, values: Values}|null}
   */
  let refused = null;
  /** The same for every try of the same values. */
  let requestKey = newKey();

  function current() {
    const stored = thing();
    if (stored === null || (ahead?.version ?? 0) <= (stored.version ?? 0)) ahead = null;
    return ahead ?? stored;
  }

  const currentValues = () => valuesOf(current());

  /** @returns {Touched} */
  function touched() {
    return { ...read(draftKey), ...read(secretKey) };
  }

  const secretKey = `${draftKey}:secret`;

  /**
   * @param {string} key
   * @returns {Touched}
   */
  const read = (key) => JSON.parse(drafts.get(key)?.text ?? '{}');

  /** @param {Touched} next */
  function keep(next) {
    const entries = Object.entries(next);
    write(
      draftKey,
      entries.filter(([field]) => !secrets.includes(field)),
      drafts.set,
    );
    write(
      secretKey,
      entries.filter(([field]) => secrets.includes(field)),
      drafts.hold,
    );
    painter.request();
  }

  /**
   * @param {string} key
   * @param {[string, unknown][]} entries
   * @param {(key: string, text: string) => void} store
   */
  const write = (key, entries, store) =>
    store(key, entries.length > 0 ? JSON.stringify(Object.fromEntries(entries)) : '');

  const values = () => merged(touched(), currentValues());
  const isDirty = () => Object.keys(tidied(touched(), currentValues())).length > 0;

  /**
   * @param {string} field
   * @param {Value} value
   */
  function set(field, value) {
    requestKey = newKey();
    keep(touch(tidied(touched(), currentValues()), field, value, currentValues()));
  }

  /* ------------------------------------------------------------ what is wrong */

  /**
   * @param {string} field
   * @returns {string|null}
   */
  function problem(field) {
    if (refused && field in refused.fields && refused.values[field] === JSON.stringify(values()[field]))
      return refused.fields[field] ?? null;
    return tried || field in touched() ? (problemsOf(values())[field] ?? null) : null;
  }

  /**
   * @param {string} field
   * @returns {Conflict|null}
   */
  function conflict(field) {
    if (busy || !conflictsOf(touched(), currentValues()).includes(field)) return null;
    return {
      theirs: currentValues()[field],
      keep: () => keep(keepMine(touched(), field, currentValues())),
      take: () => take(field),
    };
  }

  /** @param {string} field */
  function take(field) {
    const before = touched();
    keep(untouch(before, field));
    offerBack('Your version was dropped', before);
  }

  /**
   * A slip must not cost the text.
   * @param {string} said
   * @param {Touched} before
   */
  const offerBack = (said, before) =>
    notices.info(said, { action: { label: 'Undo', run: () => keep(before) }, lastsMs: DISCARD_UNDO_MS, unique: true });

  function discard() {
    const before = touched();
    reset();
    offerBack(`Your changes of ${title} were discarded`, before);
  }

  /** @param {Touched} [later] what was typed while the rest was being saved */
  function reset(later = {}) {
    keep(later);
    tried = false;
    refused = null;
    requestKey = newKey();
  }

  /* ------------------------------------------------------------ saving */

  /** @returns {string|null} the first field that must be looked at */
  function unready() {
    tried = true;
    return Object.keys(problemsOf(values()))[0] ?? conflictsOf(touched(), currentValues())[0] ?? null;
  }

  async function save() {
    if (busy || app.blocked()) return;
    const field = unready();
    if (field !== null) return lookAt(field);
    busy = true;
    painter.request();
    try {
      await attempt();
    } finally {
      busy = false;
      painter.request();
    }
  }

  /**
   * A change of other fields meanwhile is merged and sent once more.
   * @param {boolean} [again]
   * @returns {Promise<void>}
   */
  async function attempt(again = false) {
    const sent = values();
    try {
      const answer = await saving.follow(draftKey, 'Saving', () => send(sent, current(), requestKey));
      if (typeof answer.data?.version === 'number') ahead = answer.data;
      reset(typedSince(touched(), sent, currentValues()));
      saved(answer, sent);
    } catch (error) {
      const stale = error instanceof ApiError && error.status === 412 && error.current !== null;
      if (!stale) return refuse(error, sent);
      ahead = /** @type {ApiError} */ (error).current;
      const [field] = conflictsOf(touched(), currentValues());
      if (field !== undefined) return lookAt(field);
      if (!again) return attempt(true);
      refuse(error, sent);
    }
  }

  /**
   * Beside the fields where the server names them, else as a notice.
   * @param {unknown} error
   * @param {Values} sent
   */
  function refuse(error, sent) {
    const told = flat(error instanceof ApiError ? error.fields : {});
    const known = Object.fromEntries(Object.entries(told).filter(([field]) => field in sent));
    refused = {
      fields: known,
      values: Object.fromEntries(Object.keys(known).map((field) => [field, JSON.stringify(sent[field])])),
    };
    const [first] = Object.keys(known);
    if (first !== undefined) return lookAt(first);
    notices.error(`${title.slice(0, 1).toUpperCase()}${title.slice(1)} could not be saved.`, {
      advice: `${reasonOf(error)} What you typed is kept.`,
    });
  }

  /** Shows what is wrong with a field and puts the keyboard there. @param {string} field */
  function lookAt(field) {
    painter.request(() => {
      const group = document.querySelector(`[data-field="${field}"]`);
      /** @type {HTMLElement|null|undefined} */ (
        group?.querySelector('.theirs button') ?? group?.querySelector('input, textarea, select')
      )?.focus();
    });
  }

  return {
    key: draftKey,
    /** The thing as it is now, with what answers have told. */
    current,
    values,
    set,
    problem,
    conflict,
    isDirty,
    save,
    discard,
    reset: () => reset(),
    get isBusy() {
      return busy || saving.of(draftKey)?.progress === 'saving';
    },
    /** Texts that were not saved, to be copied when the thing is gone. */
    rescued: () =>
      Object.entries(read(draftKey)).map(([, { mine }]) =>
        typeof mine === 'string' ? mine : Array.isArray(mine) ? mine.join('\n') : String(mine),
      ),
  };
}

/** @typedef {ReturnType<typeof createForm>} Form */

/**
 * Nested messages under the innermost name that a form knows: {providerType: {apiBaseUrl: [m]}}, {dirs: {0: [m]}}.
 * @param {any} fields
 * @param {string|null} [outer]
 * @returns {Record<string, string>}
 */
export function flat(fields, outer = null) {
  return Object.assign(
    {},
    ...Object.entries(fields).map(([name, value]) => {
      const field = outer !== null && /^\d+$/.test(name) ? outer : name;
      return Array.isArray(value) ? { [field]: value.join(' ') } : flat(value, field);
    }),
  );
}
