// @ts-check
/**
 * Parts of the board outside the snapshot (a task's full text, its history, its queue …). Pure.
 *
 * Each has its own `asOf`, from the answer that filled it, and an event touches it if and only if `seq > asOf.seq`.
 * Events that are applied between request and answer are kept, and replayed on the answer.
 */

/** @import {Moment, PartError, PartKey, PartKind, PartView} from './types.js' */
/** @import {Kind, PartItem} from './part-kinds.js' */

import { KINDS } from './part-kinds.js';

/** @typedef {{seq: number|null, items: PartItem[]}} Step what happened; `seq` null: not numbered by the log */

/**
 * Where the reading of a part stands. `blocked`: the server answered from another log; the coming snapshot unblocks it.
 * @typedef {{step: 'idle'} | {step: 'wanted'} | {step: 'asked', id: number, since: number, kept: Step[]}
 *   | {step: 'failed', error: PartError} | {step: 'blocked'} | {step: 'gone'}} Reading
 */

/**
 * @typedef {Object} Part
 * @property {PartKey} key
 * @property {string} id
 * @property {Kind<any>} kind
 * @property {any} data
 * @property {Moment|null} asOf
 * @property {Reading} reading
 * @property {number|null} olderId the request for older entries that is on its way
 * @property {Step[]} sinceOlder what was applied since it was made, where older entries may change
 */

/** @typedef {{key: PartKey, id: number, path: string}} PartRequest */
/** @typedef {{asOf: Moment|null, data: any}} PartAnswer */

const NO_PART = /** @type {const} */ ({ status: 'idle', data: null, error: null, asOf: null });

/**
 * @param {() => {epoch: string|null, seq: number}} cursor
 * @param {(key: PartKey) => boolean} isWhole the board itself already holds all of this part
 */
export function createParts(cursor, isWhole) {
  /** @type {Map<PartKey, Part>} */
  const parts = new Map();
  let requests = 0;

  /** @param {PartKey} key */
  function firstReading(key) {
    return /** @type {Reading} */ ({ step: isWhole(key) ? 'idle' : 'wanted' });
  }

  /** @param {PartKey} key */
  function open(key) {
    if (!parts.has(key)) parts.set(key, { ...emptyPart(key), reading: firstReading(key) });
  }

  /** @param {PartKey} key */
  function close(key) {
    parts.delete(key);
  }

  /** A new snapshot: nothing read before it may stay. */
  function drop() {
    for (const key of parts.keys()) parts.set(key, { ...emptyPart(key), reading: firstReading(key) });
  }

  /** The requests to make now: each is noted as made. @returns {PartRequest[]} */
  function takeRequests() {
    const { epoch, seq } = cursor();
    if (epoch === null) return [];
    return [...parts.values()]
      .filter((part) => part.reading.step === 'wanted')
      .map((part) => {
        const id = ++requests;
        part.reading = { step: 'asked', id, since: seq, kept: [] };
        return { key: part.key, id, path: part.kind.path(part.id, part.data) };
      });
  }

  /**
   * @param {PartKey} key
   * @param {number} id
   * @param {PartAnswer} answer
   * @returns {boolean} whether the part changed
   */
  function answer(key, id, { asOf, data }) {
    const part = parts.get(key);
    if (part?.reading.step !== 'asked' || part.reading.id !== id) return false;
    const { since, kept } = part.reading;
    part.reading = answeredReading(asOf, since);
    if (part.reading.step !== 'idle' || !asOf) return true;
    Object.assign(part, { data: part.kind.parse(data, part.data), asOf, olderId: null });
    for (const step of kept) touch(part, step);
    if (part.reading.step === 'idle' && part.kind.wantsMore?.(part.data)) part.reading = { step: 'wanted' };
    return true;
  }

  /**
   * @param {Moment|null} asOf
   * @param {number} since
   * @returns {Reading}
   */
  function answeredReading(asOf, since) {
    if (!asOf) return failed('BAD_ANSWER', 'The answer does not say which state it shows (X-Chorus-Seq is missing).');
    if (asOf.epoch !== cursor().epoch) return { step: 'blocked' };
    if (asOf.seq < since) return failed('OUTDATED', 'The answer is older than this page. Is a cache in between?');
    return { step: 'idle' };
  }

  /**
   * @param {PartKey} key
   * @param {number} id
   * @param {PartError} error
   * @returns {boolean}
   */
  function fail(key, id, error) {
    const part = parts.get(key);
    if (part?.reading.step !== 'asked' || part.reading.id !== id) return false;
    const { kept } = part.reading;
    if (error.status !== 404) {
      part.reading = { step: 'failed', error };
      return true;
    }
    Object.assign(part, { data: null, asOf: null, reading: { step: 'gone' } });
    for (const step of kept) touch(part, step); // it may have come back since
    return true;
  }

  /**
   * What was applied to the board, offered to every part.
   * @param {Step} step
   * @returns {PartKey[]} those that it concerns
   */
  function offer(step) {
    return [...parts.values()]
      .filter((part) => concerns(part, step))
      .map((part) => {
        if (part.reading.step === 'asked') part.reading.kept.push(step);
        if (part.olderId !== null && part.kind.olderMayChange) part.sinceOlder.push(step);
        touch(part, step);
        return part.key;
      });
  }

  /**
   * @param {Part} part
   * @param {Step} step
   */
  function touch(part, step) {
    if (step.seq !== null && part.asOf && step.seq <= part.asOf.seq) return;
    const items = step.items.filter((item) => part.kind.concerns(item, part.id));
    const results = items.map((item) => touchByItem(part, item));
    if (step.seq !== null && part.data && !results.includes('reread'))
      part.asOf = { epoch: cursor().epoch ?? '', seq: step.seq };
  }

  /**
   * A request that is on its way stays: the step is kept for its answer.
   * @param {Part} part
   * @param {PartItem} item
   */
  function touchByItem(part, item) {
    const result = part.kind.touch(part.data, item, part.id);
    const asked = part.reading.step === 'asked';
    if (result === 'gone') Object.assign(part, { data: null, asOf: null, reading: { step: 'gone' } });
    else if (result === 'reread' && !asked) part.reading = { step: 'wanted' };
    else if (typeof result === 'object')
      Object.assign(part, { data: result.data, reading: asked ? part.reading : { step: 'idle' } });
    return result;
  }

  /**
   * @param {PartKey} key
   * @returns {boolean}
   */
  function retry(key) {
    const part = parts.get(key);
    if (part?.reading.step !== 'failed' && part?.reading.step !== 'gone') return false;
    part.reading = { step: 'wanted' };
    return true;
  }

  /**
   * The connection is back: ask again for what no network could give, and for output that may have been dropped.
   * @returns {PartKey[]}
   */
  function revive() {
    return [...parts.values()]
      .filter(({ reading, kind }) => lostToNetwork(reading) || (kind === KINDS.output && reading.step === 'idle'))
      .map((part) => {
        part.reading = { step: 'wanted' };
        return part.key;
      });
  }

  /**
   * @param {PartKey} key
   * @returns {PartRequest|null} null when there is nothing older, or it is already asked for
   */
  function takeOlder(key) {
    const part = parts.get(key);
    const path = part?.data && part.olderId === null ? part.kind.olderPath?.(part.id, part.data) : null;
    if (!part || !path) return null;
    part.olderId = ++requests;
    part.sinceOlder = [];
    part.data = { ...part.data, older: 'loading' };
    return { key, id: part.olderId, path };
  }

  /**
   * An older page must be of the same log. Where its entries may change, what was applied meanwhile is applied to them
   * too.
   * @param {PartKey} key
   * @param {number} id
   * @param {PartAnswer|null} answer null: failed
   */
  function answerOlder(key, id, answer) {
    const part = parts.get(key);
    if (!part?.data || part.olderId !== id) return false;
    part.olderId = null;
    const good = answer !== null && answer.asOf?.epoch === part.asOf?.epoch;
    part.data = (good && part.kind.addOlder?.(part.data, answer.data)) || { ...part.data, older: 'failed' };
    const missed = part.sinceOlder
      .filter(({ seq }) => seq !== null && seq > (answer?.asOf?.seq ?? 0))
      .flatMap(({ items }) => items);
    for (const item of missed) if (part.kind.concerns(item, part.id)) touchByItem(part, item);
    return true;
  }

  /**
   * @template {PartKind} K
   * @param {`${K}:${string}`} key
   * @returns {PartView<K>}
   */
  function view(key) {
    const part = parts.get(key);
    if (!part) return NO_PART;
    const { data, asOf, reading } = part;
    return { status: statusOf(part), data, error: reading.step === 'failed' ? reading.error : null, asOf };
  }

  return {
    open,
    close,
    drop,
    takeRequests,
    answer,
    fail,
    offer,
    retry,
    revive,
    takeOlder,
    answerOlder,
    view,
    keys: () => [...parts.keys()],
  };
}

/**
 * @param {PartKey} key
 * @returns {Part}
 */
function emptyPart(key) {
  const colon = key.indexOf(':');
  const kind = KINDS[/** @type {PartKind} */ (key.slice(0, colon))];
  if (!kind) throw new Error(`no such kind of part: ${key}`);
  return {
    key,
    id: key.slice(colon + 1),
    kind,
    data: null,
    asOf: null,
    reading: { step: 'idle' },
    olderId: null,
    sinceOlder: [],
  };
}

/**
 * @param {Part} part
 * @param {Step} step
 */
function concerns(part, step) {
  return step.items.some((item) => part.kind.concerns(item, part.id));
}

/** @param {Reading} reading */
function lostToNetwork(reading) {
  return reading.step === 'failed' && (reading.error.status === 0 || reading.error.status >= 500);
}

/**
 * @param {Part} part
 * @returns {PartView['status']}
 */
function statusOf({ reading, data }) {
  if (reading.step === 'gone') return 'gone';
  if (reading.step === 'failed') return 'error';
  if (reading.step === 'idle') return data ? 'ready' : 'idle';
  return data ? 'refreshing' : 'loading';
}

/**
 * @param {string} code
 * @param {string} message
 * @returns {Reading}
 */
function failed(code, message) {
  return { step: 'failed', error: { status: 502, code, message } };
}
