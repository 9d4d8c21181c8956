// @ts-check
/**
 * HTTP as the page speaks it: one envelope, one error, one way to say that the network failed.
 * An answer never enters the store; its number tells when the store has caught up with it (live.whenShown).
 */

/** @import {Moment} from './types.js' */

/**
 * @typedef {Object} Answer
 * @property {number} status
 * @property {any} data `data` of the envelope
 * @property {any} body the whole JSON body (for the few answers with keys beside `data`); null when there is none
 * @property {string|null} seqHeader `X-Chorus-Seq` as it came, for `live.isShown` and `live.whenShown`
 * @property {Moment|null} asOf the same, parsed
 * @property {string|null} etag
 */

/**
 * @typedef {Object} SendOptions
 * @property {AbortSignal} [signal]
 * @property {number} [ifMatch] the version that the person has seen
 * @property {string} [key] Idempotency-Key; made when absent
 * @property {Record<string, string>} [headers]
 * @property {number} [timeoutMs] for what takes longer than others
 */

/** @typedef {{onProgress?: (fraction: number) => void, signal?: AbortSignal, key?: string}} UploadOptions */

/** @typedef {(input: string, init?: RequestInit) => Promise<Response>} Fetch */

/**
 * @typedef {Object} Surroundings
 * @property {Fetch} [fetch]
 * @property {() => XMLHttpRequest} [newRequest]
 * @property {() => string} [newKey]
 * @property {(ms: number) => Promise<void>} [wait]
 * @property {number} [timeoutMs]
 * @property {() => string|null} [epoch] of the board on screen: a change made on it must not end up in another
 *   workspace
 */

/** @typedef {ReturnType<typeof createApi>} Api */

const RETRY_AFTER_MS = 400;

/** Every failure of a call. `status` 0: no answer came (code NETWORK, TIMEOUT or ABORTED). */
export class ApiError extends Error {
  /**
   * @param {number} status
   * @param {string} code
   * @param {string} message
   * @param {{fields?: Record<string, string[]>, current?: any, reason?: string|null, retryAfter?: number|null}} [more]
   */
  constructor(status, code, message, more = {}) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
    this.code = code;
    /** @type {Record<string, string[]>} messages beside the fields of a form */
    this.fields = more.fields ?? {};
    /** the resource as it is now, with STALE */
    this.current = more.current ?? null;
    /** which of several, with CONFLICT */
    this.reason = more.reason ?? null;
    /** seconds, with BUSY and RATE_LIMITED */
    this.retryAfter = more.retryAfter ?? null;
  }

  /** No answer came: it may or may not have been done. */
  get isNetwork() {
    return this.status === 0;
  }
}

/** @param {Surroundings} [surroundings] */
export function createApi(surroundings = {}) {
  const {
    fetch = (input, init) => globalThis.fetch(input, init),
    newRequest = () => new XMLHttpRequest(),
    newKey = randomKey,
    wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    timeoutMs = 30_000,
    epoch = () => null,
  } = surroundings;

  /**
   * @param {string} method
   * @param {string} path
   * @param {RequestInit} init
   * @param {AbortSignal} [signal]
   * @param {number} [limitMs]
   */
  async function call(method, path, init, signal, limitMs = timeoutMs) {
    const limit = AbortSignal.timeout(limitMs);
    try {
      const response = await fetch(path, {
        ...init,
        method,
        signal: signal ? AbortSignal.any([signal, limit]) : limit,
      });
      return answerOf(response.status, (name) => response.headers.get(name), await response.text());
    } catch (error) {
      throw error instanceof ApiError ? error : networkError(error, signal);
    }
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {unknown} body
   * @param {SendOptions} [options]
   */
  function send(method, path, body, { signal, ifMatch, headers = {}, timeoutMs: limitMs } = {}) {
    return call(
      method,
      path,
      {
        headers: { ...jsonHeaders(body), ...matchHeader(ifMatch), ...epochHeader(epoch()), ...headers },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      },
      signal,
      limitMs,
    );
  }

  return {
    /**
     * @param {string} path
     * @param {{signal?: AbortSignal}} [options]
     * @returns {Promise<Answer>}
     */
    get: (path, { signal } = {}) => call('GET', path, { headers: { Accept: 'application/json' } }, signal),

    /**
     * With an Idempotency-Key, so that a lost answer is asked for once more without doing it twice.
     * @param {string} path
     * @param {unknown} [body]
     * @param {SendOptions} [options]
     * @returns {Promise<Answer>}
     */
    async post(path, body, options = {}) {
      const headers = { ...options.headers, 'Idempotency-Key': options.key ?? newKey() };
      try {
        return await send('POST', path, body, { ...options, headers });
      } catch (error) {
        if (!(error instanceof ApiError) || error.code !== 'NETWORK') throw error;
        await wait(RETRY_AFTER_MS);
        return send('POST', path, body, { ...options, headers });
      }
    },

    /**
     * @param {string} path
     * @param {unknown} body
     * @param {SendOptions} [options]
     * @returns {Promise<Answer>}
     */
    put: (path, body, options) => send('PUT', path, body, options),

    /**
     * @param {string} path
     * @param {unknown} body
     * @param {SendOptions} [options]
     * @returns {Promise<Answer>}
     */
    patch: (path, body, options) => send('PATCH', path, body, options),

    /**
     * @param {string} path
     * @param {SendOptions} [options]
     * @returns {Promise<Answer>}
     */
    delete: (path, options) => send('DELETE', path, undefined, options),

    /**
     * Sends a file as it is. XMLHttpRequest, because fetch cannot tell how much has gone out.
     * @param {string} path
     * @param {Blob} file
     * @param {UploadOptions} [options]
     * @returns {Promise<Answer>}
     */
    upload: (path, file, options = {}) => upload(newRequest(), path, file, { key: newKey(), ...options }),
  };
}

/**
 * @param {XMLHttpRequest} request
 * @param {string} path
 * @param {Blob} file
 * @param {UploadOptions} options
 * @returns {Promise<Answer>}
 */
function upload(request, path, file, { onProgress = () => {}, signal, key }) {
  return new Promise((resolve, reject) => {
    const abort = () => request.abort();
    request.open('POST', path);
    request.setRequestHeader('Content-Type', file.type || 'application/octet-stream');
    if (key) request.setRequestHeader('Idempotency-Key', key);
    request.upload.onprogress = ({ loaded, total }) => onProgress(total ? loaded / total : 0);
    request.onload = () =>
      settle(() => resolve(answerOf(request.status, (name) => request.getResponseHeader(name), request.responseText)));
    request.onerror = () => settle(() => reject(networkError(null)));
    request.onabort = () => settle(() => reject(abortedError()));
    /** @param {() => void} done */
    const settle = (done) => {
      signal?.removeEventListener('abort', abort);
      try {
        done();
      } catch (error) {
        reject(error);
      }
    };
    if (signal?.aborted) return reject(abortedError());
    signal?.addEventListener('abort', abort);
    request.send(file);
  });
}

/**
 * @param {number} status
 * @param {(name: string) => string|null} header
 * @param {string} text
 * @returns {Answer}
 */
function answerOf(status, header, text) {
  const body = parseJson(text);
  if (status < 200 || status > 299) throw errorOf(status, header, body);
  if (body === undefined)
    throw new ApiError(
      status,
      'BAD_ANSWER',
      'The server answered something that is not JSON. Is this address really Chorus?',
    );
  const seqHeader = header('X-Chorus-Seq');
  return { status, data: body?.data, body, seqHeader, asOf: parseSeq(seqHeader), etag: header('ETag') };
}

/**
 * @param {number} status
 * @param {(name: string) => string|null} header
 * @param {any} body
 */
function errorOf(status, header, body) {
  const { code = `HTTP_${status}`, message = plainStatus(status), fields, current, reason } = body?.error ?? {};
  const seconds = Number.parseFloat(header('Retry-After') ?? '');
  return new ApiError(status, code, message, {
    fields,
    current,
    reason,
    retryAfter: Number.isNaN(seconds) ? null : seconds,
  });
}

/** What to say when a proxy or a crash answered in our place. @param {number} status */
function plainStatus(status) {
  if (status === 413) return 'That is too large for the server.';
  if (status >= 502 && status <= 504) return 'Chorus is not running behind its address. Start it, then try again.';
  return status >= 500 ? `The server failed (${status}). Its log says why.` : `The server refused this (${status}).`;
}

/**
 * @param {unknown} error
 * @param {AbortSignal} [signal]
 */
function networkError(error, signal) {
  if (signal?.aborted) return abortedError();
  if (error instanceof DOMException && error.name === 'TimeoutError') {
    return new ApiError(
      0,
      'TIMEOUT',
      'Chorus did not answer in time. It may be busy; look whether your change arrived before you try again.',
    );
  }
  return new ApiError(0, 'NETWORK', 'Chorus could not be reached. Check that it is running, then try again.');
}

function abortedError() {
  return new ApiError(0, 'ABORTED', 'Cancelled.');
}

/**
 * `"<epoch>:<seq>"`, or null.
 * @param {string|null|undefined} header
 * @returns {Moment|null}
 */
export function parseSeq(header) {
  const match = /^([^:]+):(\d+)$/.exec(header ?? '');
  return match ? { epoch: /** @type {string} */ (match[1]), seq: Number(match[2]) } : null;
}

/** undefined when it is not JSON; null when it is empty. @param {string} text */
function parseJson(text) {
  if (text === '') return null;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * @param {unknown} body
 * @returns {Record<string, string>}
 */
function jsonHeaders(body) {
  return { Accept: 'application/json', ...(body === undefined ? {} : { 'Content-Type': 'application/json' }) };
}

/**
 * @param {number} [version]
 * @returns {Record<string, string>}
 */
function matchHeader(version) {
  return version === undefined ? {} : { 'If-Match': `"${version}"` };
}

/**
 * @param {string|null} epoch
 * @returns {Record<string, string>}
 */
function epochHeader(epoch) {
  return epoch === null ? {} : { 'X-Chorus-Epoch': epoch };
}

/** Not crypto.randomUUID: a page that is open to the network over plain HTTP does not have it. */
function randomKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
