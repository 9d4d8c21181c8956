// @ts-check
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApiError } from '../../../static/js/api.js';
import { reasonOf } from '../../../static/js/lib/failures.js';

for (const [error, reason] of /** @type {[unknown, string][]} */ ([
  [new ApiError(409, 'CONFLICT', 'An agent works on it'), 'An agent works on it.'],
  [new ApiError(409, 'INVALID_STATUS', 'It is active'), 'Somebody was faster. It is active.'],
  [new ApiError(404, 'NOT_FOUND', 'No such task'), 'It is not there any more; somebody may have deleted it.'],
  [new ApiError(422, 'VALIDATION_ERROR', 'Invalid', { fields: { content: ['Too long.'] } }), 'content: Too long.'],
  [new TypeError('boom'), 'boom.'],
  ['text', 'text.'],
])) {
  test(`${String(error)} reads “${reason}”`, () => assert.equal(reasonOf(error), reason));
}
