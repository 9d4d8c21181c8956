// @ts-check
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { readConfig } from '../../static/js/connection/config.js';

/** @param {string|null} content */
const page = (content) =>
  /** @type {any} */ ({ querySelector: () => (content === null ? null : { getAttribute: () => content }) });
const location = { protocol: 'http:', hostname: 'localhost', port: '8080' };

test('is what the server says', () => {
  const told = { webSocketUrl: 'wss://board.example/ws', build: 'b1', openToNetwork: true };
  assert.deepEqual(readConfig(page(JSON.stringify(told)), location), told);
});

for (const content of [null, '', '{}', 'not json']) {
  test(`else the port beside it: ${content}`, () => {
    assert.deepEqual(readConfig(page(content), location), {
      webSocketUrl: 'ws://localhost:8081/ws',
      build: null,
      openToNetwork: false,
    });
  });
}

test('also where the port is not written', () => {
  assert.equal(readConfig(page(null), { protocol: 'https:', hostname: 'h', port: '' }).webSocketUrl, 'wss://h:444/ws');
  assert.equal(
    readConfig(page(null), { protocol: 'http:', hostname: '[::1]', port: '' }).webSocketUrl,
    'ws://[::1]:81/ws',
  );
});
