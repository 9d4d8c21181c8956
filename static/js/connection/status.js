// @ts-check
/** The connection in words for a person: what the badge says, why, and what to do. Pure. */

/** @import {LiveStatus} from '../types.js' */
/** @import {Memory, State} from './shapes.js' */

import { MANY_RESYNCS, isClosed } from './state.js';
import { recentResyncs } from './timing.js';

const NEW_BUILD = 'A newer Chorus is running than the one this page came from. Reload the page.';
const OFTEN_ANEW =
  'This page had to read the whole board three times in five minutes. Reload it; if that goes on, look into the log of the live service.';
const REFUSED = 'Reload the page.';
const UNREACHABLE = 'Chorus does not answer. Check that it is running; this page comes back by itself.';

/**
 * @param {State} state
 * @param {number} now
 * @returns {LiveStatus}
 */
export function describe(state, now) {
  const advice = adviceOf(state, now);
  const kind = kindOf(state);
  return {
    kind,
    asOf: state.tag === 'Connected' && kind === 'live' ? state.lastFrameAt + state.memory.skew : state.memory.currentAt,
    reason: kind === 'live' ? null : reasonOf(state),
    reloadOffered: advice !== null,
    advice,
    retryAt: state.tag === 'Reconnecting' ? state.retryAt : null,
    closed: isClosed(state.memory),
  };
}

/**
 * @param {State} state
 * @returns {LiveStatus['kind']}
 */
function kindOf(state) {
  if (state.tag === 'NotConnected') return state.why === 'idle' ? 'connecting' : 'stopped';
  if (state.tag === 'Connected' && state.phase.name === 'live') return 'live';
  if (state.memory.diagnosis.step === 'unreachable') return 'offline';
  return isFirstTry(state.memory) ? 'connecting' : 'reconnecting';
}

/** Nothing was live before, and nothing has failed yet. @param {Memory} memory */
function isFirstTry({ failures, liveAt }) {
  return failures === 0 && liveAt === null;
}

/** Without a board to begin with, a socket says little. @param {State} state */
function reasonOf({ memory: { diagnosis, need, reason } }) {
  if (diagnosis.step === 'unreachable') return UNREACHABLE;
  if (need.step !== 'none' && need.problem !== null) return need.problem.message;
  return diagnosis.step === 'explained' ? diagnosis.text : reason;
}

/**
 * @param {State} state
 * @param {number} now
 */
function adviceOf(state, now) {
  if (state.tag === 'NotConnected' && state.why === 'refused') return REFUSED;
  if (state.memory.build !== null) return NEW_BUILD;
  return recentResyncs(state.memory, now).length >= MANY_RESYNCS ? OFTEN_ANEW : null;
}
