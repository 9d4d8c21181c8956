// @ts-check
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { ApiError, createApi, parseSeq } from '../../static/js/api.js';

/** An API whose fetch gives these, one after the other; errors are thrown. @param {...(Response | Error)} answers */
function apiWith(...answers) {
  /** @type {{path: string, method: string|undefined, headers: Headers, body: any}[]} */
  const calls = [];
  /** @type {any} */
  const fetch = async (/** @type {string} */ path, /** @type {RequestInit} */ { method, headers, body }) => {
    calls.push({ path, method, headers: new Headers(headers), body });
    const answer = answers.shift();
    if (answer instanceof Response) return answer;
    throw answer ?? new TypeError('fetch failed');
  };
  let keys = 0;
  return { api: createApi({ fetch, newKey: () => `key-${++keys}`, wait: async () => {} }), calls };
}

/**
 * @param {unknown} body
 * @param {ResponseInit} [init]
 */
const json = (body, init) => new Response(JSON.stringify(body), init);

describe('an answer', () => {
  test('has data, number and etag', async () => {
    const { api, calls } = apiWith(
      json({ data: [1], meta: {} }, { headers: { 'X-Chorus-Seq': 'abc:7', ETag: '"3"' } }),
    );
    const answer = await api.get('/api/tasks');
    assert.deepEqual(
      [answer.status, answer.data, answer.seqHeader, answer.asOf, answer.etag],
      [200, [1], 'abc:7', { epoch: 'abc', seq: 7 }, '"3"'],
    );
    assert.deepEqual([calls[0]?.path, calls[0]?.method], ['/api/tasks', 'GET']);
  });

  test('without a body is null', async () => {
    const { api } = apiWith(new Response(null, { status: 204 }));
    assert.equal((await api.delete('/api/x')).body, null);
  });

  test('that is not JSON is an error', async () => {
    const { api } = apiWith(new Response('<html>'));
    await assert.rejects(api.get('/api/x'), { code: 'BAD_ANSWER' });
  });

  test('numbers', () => {
    assert.deepEqual(
      [parseSeq('e:0'), parseSeq('e:'), parseSeq(':3'), parseSeq(null)],
      [{ epoch: 'e', seq: 0 }, null, null, null],
    );
  });
});

describe('an error', () => {
  test('is what the envelope says', async () => {
    const { api } = apiWith(
      json(
        { error: { code: 'VALIDATION_ERROR', message: 'No.', fields: { description: ['Missing.'] } } },
        { status: 422 },
      ),
    );
    const error = await api.put('/api/x', {}).catch((/** @type {ApiError} */ reason) => reason);
    assert.ok(error instanceof ApiError);
    assert.deepEqual(
      [error.status, error.code, error.message, error.fields, error.isNetwork],
      [422, 'VALIDATION_ERROR', 'No.', { description: ['Missing.'] }, false],
    );
  });

  test('brings the current resource, and when to try again', async () => {
    const { api } = apiWith(
      json(
        { error: { code: 'STALE', message: 'm', current: { version: 4 } } },
        { status: 412, headers: { 'Retry-After': '2' } },
      ),
    );
    await assert.rejects(api.patch('/api/x', {}, { ifMatch: 3 }), {
      code: 'STALE',
      current: { version: 4 },
      retryAfter: 2,
    });
  });

  for (const status of [400, 413, 500, 502]) {
    test(`${status} from something that is not Chorus is said plainly`, async () => {
      const { api } = apiWith(new Response('<h1>nginx</h1>', { status }));
      await assert.rejects(
        api.get('/api/x'),
        (/** @type {ApiError} */ error) => error.code === `HTTP_${status}` && error.message.length > 20,
      );
    });
  }

  test('of the network', async () => {
    const { api } = apiWith(new TypeError('fetch failed'));
    await assert.rejects(api.get('/api/x'), { status: 0, code: 'NETWORK', isNetwork: true });
  });

  test('of time', async () => {
    const { api } = apiWith(new DOMException('', 'TimeoutError'));
    await assert.rejects(api.put('/api/x', {}), { status: 0, code: 'TIMEOUT' });
  });

  test('of the person who gave up', async () => {
    const { api } = apiWith(new DOMException('', 'AbortError'));
    await assert.rejects(api.get('/api/x', { signal: AbortSignal.abort() }), { code: 'ABORTED' });
  });
});

describe('writing', () => {
  test('JSON with a version', async () => {
    const { api, calls } = apiWith(json({ data: 1 }));
    await api.patch('/api/x', { a: 1 }, { ifMatch: 5 });
    assert.deepEqual(
      [calls[0]?.method, calls[0]?.body, calls[0]?.headers.get('Content-Type'), calls[0]?.headers.get('If-Match')],
      ['PATCH', '{"a":1}', 'application/json', '"5"'],
    );
  });

  test('a POST has a key, and the same one when it is tried again', async () => {
    const { api, calls } = apiWith(new TypeError('fetch failed'), json({ data: 1 }));
    assert.equal((await api.post('/api/x', { a: 1 })).data, 1);
    assert.deepEqual(
      calls.map(({ headers }) => headers.get('Idempotency-Key')),
      ['key-1', 'key-1'],
    );
  });

  test('once more, not for ever; and not when the server has answered', async () => {
    const twice = apiWith(new TypeError('a'), new TypeError('b'), json({}));
    await assert.rejects(twice.api.post('/api/x'), { code: 'NETWORK' });
    assert.equal(twice.calls.length, 2);
    const refused = apiWith(json({ error: { code: 'CONFLICT', message: '' } }, { status: 409 }), json({}));
    await assert.rejects(refused.api.post('/api/x'), { code: 'CONFLICT' });
    assert.equal(refused.calls.length, 1);
  });

  test('a POST without a body says nothing of JSON', async () => {
    const { api, calls } = apiWith(json({ data: 1 }));
    await api.post('/api/undo/t');
    assert.deepEqual([calls[0]?.body, calls[0]?.headers.get('Content-Type')], [undefined, null]);
  });

  test('the key of its own is random', async () => {
    /** @type {string[]} */
    const keys = [];
    const api = createApi({
      fetch: async (_, init) => (keys.push(new Headers(init?.headers).get('Idempotency-Key') ?? ''), json({})),
    });
    await api.post('/a');
    await api.post('/a');
    assert.match(keys.join(' '), /^[0-9a-f]{32} [0-9a-f]{32}$/);
    assert.notEqual(keys[0], keys[1]);
  });
});

describe('upload', () => {
  function createRequest() {
    return {
      /** @type {Record<string, string>} */
      headers: {},
      upload: /** @type {any} */ ({}),
      status: 201,
      responseText: '{"data": {"id": "a"}}',
      aborted: false,
      open() {},
      send() {},
      /**
       * @param {string} name
       * @param {string} value
       */
      setRequestHeader(name, value) {
        this.headers[name] = value;
      },
      getResponseHeader: () => 'e1:4',
      abort() {
        this.aborted = true;
        this.onabort();
      },
      onload() {},
      onerror() {},
      onabort() {},
    };
  }

  /**
   * @param {ReturnType<typeof createRequest>} request
   * @param {any} [options]
   */
  const start = (request, options) =>
    createApi({ newRequest: () => /** @type {any} */ (request), newKey: () => 'k' }).upload(
      '/up',
      new Blob(['abc'], { type: 'text/plain' }),
      options,
    );

  test('tells how far it is, and answers', async () => {
    const request = createRequest();
    /** @type {number[]} */
    const fractions = [];
    const answer = start(request, { onProgress: (/** @type {number} */ fraction) => fractions.push(fraction) });
    request.upload.onprogress({ loaded: 1, total: 4 });
    request.onload();
    assert.deepEqual(
      [(await answer).data, (await answer).asOf, fractions, request.headers],
      [{ id: 'a' }, { epoch: 'e1', seq: 4 }, [0.25], { 'Content-Type': 'text/plain', 'Idempotency-Key': 'k' }],
    );
  });

  test('refused', async () => {
    const request = createRequest();
    const answer = start(
      Object.assign(request, { status: 413, responseText: '{"error": {"code": "TOO_LARGE", "message": "m"}}' }),
    );
    request.onload();
    await assert.rejects(answer, { code: 'TOO_LARGE' });
  });

  test('broken', async () => {
    const request = createRequest();
    const answer = start(request);
    request.onerror();
    await assert.rejects(answer, { code: 'NETWORK' });
  });

  test('given up, before or meanwhile', async () => {
    const giveUp = new AbortController();
    const request = createRequest();
    const answer = start(request, { signal: giveUp.signal });
    giveUp.abort();
    await assert.rejects(answer, { code: 'ABORTED' });
    assert.equal(request.aborted, true);
    await assert.rejects(start(createRequest(), { signal: giveUp.signal }), { code: 'ABORTED' });
  });
});
