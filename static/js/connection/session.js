// @ts-check
/**
 * The state machine and the store, driven together: performs the effects on the store, hands out all others.
 * No socket, no timer, no fetch: live.js and tests/js/bridge.mjs both drive the page's rules through this one piece.
 */

/** @import {PartError, PartKey} from '../types.js' */
/** @import {PartAnswer, PartRequest} from '../parts.js' */
/** @import {Store} from '../store.js' */
/** @import {Ctx, Effect, Event, State} from './shapes.js' */

import { INITIAL, next } from './state.js';

/** @typedef {Exclude<Effect, {type: 'swap'|'apply'|'receive'|'revive'}>} ShellEffect */
/**
 * @typedef {ShellEffect | ({type: 'readPart'} & PartRequest) | ({type: 'readOlder'} & PartRequest) | {type: 'report',
 *   error: unknown}} OuterEffect
 */
/** @typedef {ReturnType<typeof createSession>} Session */

/**
 * @param {Object} surroundings
 * @param {Store} surroundings.store
 * @param {Ctx['page']} surroundings.page
 * @param {() => number} surroundings.now
 * @param {() => number} surroundings.random
 */
export function createSession({ store, page, now, random }) {
  /** @type {State} */
  let state = INITIAL;
  /** @type {Event[]} */
  const queue = [];
  /** @type {OuterEffect[]} */
  let outer = [];
  let busy = false;

  /**
   * An event that a listener of the store sends meanwhile waits for its turn.
   * @param {Event} event
   * @returns {OuterEffect[]} to perform now, in this order
   */
  function dispatch(event) {
    queue.push(event);
    if (busy) return [];
    busy = true;
    try {
      for (let due = queue.shift(); due; due = queue.shift()) advance(due);
    } finally {
      busy = false;
    }
    return drain();
  }

  /** @param {Event} event */
  function advance(event) {
    const { epoch, seq } = store.state;
    const step = next(state, event, { now: now(), random: random(), cursor: { epoch, seq }, page });
    state = step.state;
    for (const effect of step.effects) perform(effect);
  }

  /** @param {Effect} effect */
  function perform(effect) {
    switch (effect.type) {
      case 'swap':
        return store.swap(effect.snapshot);
      case 'receive':
        return store.receive(effect.frame);
      case 'revive':
        return store.parts.revive();
      case 'apply':
        return void queue.push({ type: 'outcome', generation: effect.generation, outcome: apply(effect.event) });
      default:
        return void outer.push(effect);
    }
  }

  /**
   * An event that cannot be applied may have been applied by half: only a snapshot repairs that.
   * @param {Extract<Effect, {type: 'apply'}>['event']} event
   */
  function apply(event) {
    try {
      return store.apply(event);
    } catch (error) {
      outer.push({ type: 'report', error });
      return 'reset';
    }
  }

  function drain() {
    const effects = [
      ...outer,
      ...store.parts.takeRequests().map((request) => /** @type {const} */ ({ type: 'readPart', ...request })),
    ];
    outer = [];
    return effects;
  }

  /** Inside a dispatch its end asks for what is wanted. @returns {OuterEffect[]} */
  function afterwards() {
    return busy ? [] : drain();
  }

  return {
    get state() {
      return state;
    },
    dispatch,
    /** @param {PartKey} key */
    openPart(key) {
      store.parts.open(key);
      return afterwards();
    },
    /** @param {PartKey} key */
    closePart(key) {
      store.parts.close(key);
    },
    /** @param {PartKey} key */
    retryPart(key) {
      store.parts.retry(key);
      return afterwards();
    },
    /**
     * @param {PartKey} key
     * @param {number} id
     * @param {PartAnswer} answer
     */
    partAnswered(key, id, answer) {
      store.parts.answer(key, id, answer);
      return afterwards();
    },
    /**
     * @param {PartKey} key
     * @param {number} id
     * @param {PartError} error
     */
    partFailed(key, id, error) {
      store.parts.fail(key, id, error);
      return afterwards();
    },
    /**
     * @param {PartKey} key
     * @returns {OuterEffect[]}
     */
    loadOlder(key) {
      const request = store.parts.takeOlder(key);
      return request ? [{ type: 'readOlder', ...request }] : [];
    },
    /**
     * @param {PartKey} key
     * @param {number} id
     * @param {PartAnswer|null} answer null: it failed
     */
    olderAnswered(key, id, answer) {
      store.parts.answerOlder(key, id, answer);
    },
  };
}
