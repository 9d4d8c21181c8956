// @ts-check
/**
 * Why is it not live? JavaScript is told nothing but "1006": after some failed tries the page asks `GET /api/live`
 * on its own origin, and says what it learned together with the setting to change. Pure.
 */

/** @import {ByeReason, LiveAnswer} from '../types.js' */

import { CLOSE_CODES } from '../words.js';

/** What a person may read of a close code. @type {Readonly<Record<number, string>>} */
const CLOSE_TEXTS = {
  1006: 'the connection broke',
  [CLOSE_CODES.INVALID_PAYLOAD]: 'a message was malformed',
  [CLOSE_CODES.POLICY]: 'this page sent too much',
  [CLOSE_CODES.INTERNAL_ERROR]: 'the live service has failed',
  [CLOSE_CODES.RESTART]: 'the live service restarts',
  [CLOSE_CODES.NO_PONG]: 'this page did not answer in time',
  [CLOSE_CODES.PROTOCOL_NOT_SERVED]: 'the live service no longer speaks with this version of the page',
};

/**
 * @param {LiveAnswer} answer
 * @param {{origin: string, webSocketUrl: string}} page
 */
export function explain({ webSocketUrl, allowedOrigins, sidecar }, page) {
  if (!allowedOrigins.includes(page.origin)) {
    return `The live service does not accept pages from ${page.origin}. Open Chorus at ${allowedOrigins.join(' or ')}, or set CHORUS_PUBLIC_URL to ${page.origin}.`;
  }
  if (sidecar.state === 'unreachable') return `The live service is not running. ${sidecar.detail}`.trim();
  if (sidecar.state === 'unready') return `The live service is not ready. ${sidecar.detail}`.trim();
  if (webSocketUrl !== page.webSocketUrl) return `The live service has moved to ${webSocketUrl}. Reload this page.`;
  return `The live service runs, but this browser cannot reach ${webSocketUrl}. A proxy or firewall in between must pass WebSockets; CHORUS_PUBLIC_WS_URL names another address.`;
}

/** What a person may read of a `bye`. @type {Readonly<Record<ByeReason, string>>} */
const BYE_TEXTS = {
  restart: 'The live service restarts.',
  stale: 'The live service cannot read the board.',
};

/** 4500 to 4999 mean: do not come back. @param {number} code */
export function mayReturn(code) {
  return code < 4500 || code > 4999;
}

/**
 * @param {number} code
 * @param {string} [reason] what the server said
 * @returns {string}
 */
export function closeText(code, reason) {
  const ours = CLOSE_TEXTS[code] ?? `the connection was closed (${code})`;
  return mayReturn(code) && reason ? reason : ours;
}

/**
 * @param {ByeReason} reason
 * @param {string} [detail] what the server says about it
 */
export function byeText(reason, detail = '') {
  return `${BYE_TEXTS[reason] ?? BYE_TEXTS.restart} ${detail}`.trim();
}
