// @ts-check
/** The shapes of the connection: its states, what happens to it, what it wants done. Types only. */

/** @import {ClientMessage, LiveAnswer, LogEvent, Outcome, ServerFrame, Snapshot, Unnumbered} from '../types.js' */

/** @typedef {{code: string, message: string}} Problem an error of the API */

/**
 * Whether a snapshot is needed before the stream may be followed again. `problem`: why the last request for it failed.
 * @typedef {{step: 'none'} | {step: 'asked', id: number, failures: number, problem: Problem|null}
 *   | {step: 'waiting', at: number, failures: number, problem: Problem|null}} Need
 */

/**
 * What the page knows about why it is not live, beside the last close.
 * @typedef {{step: 'none'} | {step: 'unreachable'} | {step: 'explained', text: string}} Diagnosis
 */

/**
 * What outlives a single connection.
 * @typedef {Object} Memory
 * @property {number} generation of the newest socket: events of older ones are ignored
 * @property {number} failures tries in a row that did not become healthy
 * @property {number} gaps in a row: the second one takes a snapshot
 * @property {readonly number[]} resyncs when they happened, the last five minutes
 * @property {Need} need
 * @property {number} requests snapshots asked for so far
 * @property {Diagnosis} diagnosis
 * @property {boolean} asking GET /api/live is on its way
 * @property {string|null} reason why the last connection ended
 * @property {string|null} build the server's, when it is not this page's
 * @property {number} heartbeatMs
 * @property {number} spreadMs in how much time all pages do what they would all do at once
 * @property {number} skew the server's clock minus this page's
 * @property {number|null} liveAt when it last became live
 * @property {number|null} currentAt when what is shown was last known to be current, by the server's clock
 */

/**
 * `loading`: no snapshot yet, so not subscribed. `subscribing`: awaits welcome or resync. `catchingUp`: the stream runs
 * but is not at `head` yet. `refreshing`: a `reset` event; the stream goes on and is held back until the snapshot is
 * there.
 * @typedef {{name: 'loading'} | {name: 'subscribing', deadline: number} | {name: 'catchingUp', head: number, since:
 *   number} | {name: 'live', since: number} | {name: 'refreshing', held: readonly LogEvent[]}} Phase
 */

/** @typedef {{tag: 'NotConnected', memory: Memory, why: 'idle'|'stopped'|'refused'}} NotConnected */
/** @typedef {{tag: 'Connecting', memory: Memory, deadline: number}} Connecting */
/** @typedef {{tag: 'Connected', memory: Memory, phase: Phase, lastFrameAt: number}} Connected */
/** @typedef {{tag: 'Reconnecting', memory: Memory, retryAt: number}} Reconnecting */
/** @typedef {{tag: 'Suspended', memory: Memory}} Suspended */
/** @typedef {NotConnected | Connecting | Connected | Reconnecting | Suspended} State */

/**
 * @typedef {{type: 'open', generation: number} | {type: 'error', generation: number} | {type: 'garbled', generation:
 *   number} | {type: 'close', generation: number, code: number, reason?: string} | {type: 'frame', generation: number,
 *   frame: ServerFrame} | {type: 'outcome', generation: number, outcome: Outcome}} SocketEvent
 */
/**
 * `wake`: online, visible again, the clock jumped, or a person pressed "Try now".
 * @typedef {SocketEvent
 *   | {type: 'start'} | {type: 'stop'} | {type: 'suspend'} | {type: 'resume'} | {type: 'wake'} | {type: 'tick'}
 *   | {type: 'snapshot', id: number, snapshot: Snapshot} | {type: 'snapshotFailed', id: number, problem: Problem}
 *   | {type: 'liveAnswer', answer: LiveAnswer} | {type: 'liveFailed'}} Event
 */

/**
 * `apply` is answered by an `outcome` event. `timer`: call with `tick` at that time (null: never mind); earlier is
 * harmless.
 * @typedef {{type: 'openSocket', generation: number} | {type: 'closeSocket', generation: number} | {type: 'send',
 *   generation: number, message: ClientMessage} | {type: 'fetchSnapshot', id: number} | {type: 'askLive'} | {type:
 *   'timer', at: number|null} | {type: 'swap', snapshot: Snapshot} | {type: 'apply', event: LogEvent, generation:
 *   number} | {type: 'receive', frame: Unnumbered} | {type: 'revive'}} Effect
 */

/**
 * @typedef {{now: number, random: number, cursor: {epoch: string|null, seq: number}, page: {origin: string,
 *   webSocketUrl: string, build: string|null}}} Ctx
 */
/** @typedef {{state: State, effects: Effect[]}} Step */

export {};
