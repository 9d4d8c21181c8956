// @ts-check
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { ApiError } from '../../static/js/api.js';
import { createBrowser, settled } from './helpers/browser.js';
import { entry, event, snapshot, task } from './helpers/wire.js';

const BOARD = snapshot({ seq: 10, tasks: [task('a')] });

async function liveBrowser(more = {}) {
  const browser = createBrowser(more);
  await browser.goLive(BOARD);
  return browser;
}

describe('start', () => {
  test('list, watch, live; and <html> says so', async () => {
    const browser = createBrowser();
    browser.live.start();
    assert.deepEqual({ ...browser.dataset }, { epoch: '', seq: '0', snapshots: '1', connection: 'connecting' });
    await browser.answer('/api/snapshot', BOARD);
    browser.socket.open();
    assert.deepEqual(browser.socket.sent, [{ type: 'subscribe', protocol: 1, epoch: 'e1', since: 10 }]);
    browser.socket.receive({
      type: 'welcome',
      protocol: 1,
      build: 'one',
      epoch: 'e1',
      seq: 10,
      heartbeatMs: 5_000,
      now: 0,
    });
    assert.deepEqual({ ...browser.dataset }, { epoch: 'e1', seq: '10', snapshots: '1', connection: 'live' });
  });

  test('an event arrives: the store has it, data-seq follows', async () => {
    const browser = await liveBrowser();
    browser.socket.receive(event(11, 'task_created', task('b')));
    assert.deepEqual([browser.store.state.tasks.size, browser.dataset.seq], [2, '11']);
  });

  test('data-seq waits for the views', async () => {
    /** @type {(() => void)[]} */
    const paints = [];
    const browser = await liveBrowser({ settle: (/** @type {() => void} */ publish) => paints.push(publish) });
    for (const paint of paints.splice(0)) paint();
    browser.socket.receive(event(11, 'task_created', task('b')));
    browser.socket.receive(event(12, 'task_created', task('c')));
    assert.deepEqual([browser.dataset.seq, paints.length], ['10', 1]);
    paints[0]?.();
    assert.equal(browser.dataset.seq, '12');
  });

  test('a malformed snapshot is a failed one', async () => {
    const browser = createBrowser();
    browser.live.start();
    await browser.answer('/api/snapshot', { epoch: 'e1' });
    assert.match(browser.live.status().reason ?? '', /malformed/);
    browser.pass(1_000);
    assert.equal(browser.dataset.snapshots, '2');
  });

  test('a socket that may not even be made counts as closed', async () => {
    const browser = createBrowser({
      WebSocket: /** @type {any} */ (
        class {
          constructor() {
            throw new Error('SecurityError');
          }
        }
      ),
    });
    browser.live.start();
    assert.equal(browser.live.status().kind, 'reconnecting');
    assert.equal(browser.errors.length, 1);
  });
});

describe('disconnect', () => {
  test('comes back by its cursor, without a snapshot', async () => {
    const browser = await liveBrowser();
    browser.socket.end(1006);
    assert.equal(browser.dataset.connection, 'reconnecting');
    browser.pass(1_000);
    assert.equal(browser.sockets.length, 2);
    browser.socket.open();
    assert.deepEqual(browser.socket.sent, [{ type: 'subscribe', protocol: 1, epoch: 'e1', since: 10 }]);
    assert.equal(browser.dataset.snapshots, '1');
  });

  test('a missing event: closes, and resumes from the last good cursor', async () => {
    const browser = await liveBrowser();
    const { socket } = browser;
    socket.receive(event(12, 'task_created', task('b')));
    assert.deepEqual([socket.closed, socket.onmessage, browser.store.state.seq], [true, null, 10]);
  });

  test('an event that cannot be applied is repaired by a snapshot', async () => {
    const browser = await liveBrowser();
    browser.socket.receive(event(11, 'tasks_changed', null));
    assert.equal(browser.errors.length, 1);
    await browser.answer('/api/snapshot', { ...BOARD, seq: 11 });
    assert.deepEqual([browser.dataset.connection, browser.dataset.seq], ['live', '11']);
  });

  for (const frame of ['not json', '3', 'null', '{"seq": 1}']) {
    test(`garbled: ${frame}`, async () => {
      const browser = await liveBrowser();
      browser.socket.receive(frame);
      assert.equal(browser.dataset.connection, 'reconnecting');
    });
  }

  test('silence is noticed by the timer', async () => {
    const browser = await liveBrowser();
    browser.pass(12_600);
    assert.equal(browser.dataset.connection, 'reconnecting');
  });

  test('heartbeats keep it live, and are answered', async () => {
    const browser = await liveBrowser();
    for (let beats = 0; beats < 10; beats++) {
      browser.pass(5_000);
      browser.socket.receive({ type: 'heartbeat', seq: 10, now: 0 });
    }
    assert.equal(browser.dataset.connection, 'live');
    assert.deepEqual(browser.socket.sent.at(-1), { type: 'pong', seq: 10 });
  });

  test('after three failures it says what /api/live says; offline when that is silent too', async () => {
    const browser = createBrowser();
    browser.live.start();
    await browser.answer('/api/snapshot', BOARD);
    for (let tries = 0; tries < 3; tries++) {
      browser.socket.end(1006);
      browser.pass(1_000);
    }
    await browser.refuse('/api/live', new ApiError(0, 'NETWORK', 'no'));
    assert.equal(browser.dataset.connection, 'offline');
    browser.socket.end(1006);
    await browser.answer('/api/live', {
      webSocketUrl: '',
      allowedOrigins: ['http://localhost:8080'],
      sidecar: { state: 'unreachable', detail: '' },
      openToNetwork: false,
    });
    assert.deepEqual(
      [browser.dataset.connection, browser.live.status().reason],
      ['reconnecting', 'The live service is not running.'],
    );
  });
});

describe('the page', () => {
  for (const [target, name] of /** @type {const} */ ([
    ['window', 'online'],
    ['window', 'focus'],
    ['document', 'visibilitychange'],
  ])) {
    test(`${name}: tries at once`, async () => {
      const browser = await liveBrowser();
      browser.socket.end(1006);
      browser[target].dispatchEvent(new Event(name));
      assert.equal(browser.sockets.length, 2);
    });
  }

  test('hidden stays connected', async () => {
    const browser = await liveBrowser();
    browser.document.visibilityState = 'hidden';
    browser.document.dispatchEvent(new Event('visibilitychange'));
    assert.equal(browser.dataset.connection, 'live');
  });

  test('a machine that slept tries at once', async () => {
    const browser = await liveBrowser();
    browser.setClock(3_600_000);
    browser.pass(5_000);
    assert.equal(browser.sockets.length, 2);
  });

  for (const frame of [event(11, 'task_created', task('b')), { type: 'heartbeat', seq: 10, now: 0 }]) {
    test(`a ${frame.type} from before the machine slept is not believed`, async () => {
      const browser = await liveBrowser();
      browser.setClock(3_600_000);
      browser.socket.receive(frame);
      assert.deepEqual([browser.dataset.connection, browser.store.state.seq], ['reconnecting', 10]);
    });
  }

  test('a clock that is put back makes no false Live', async () => {
    const browser = await liveBrowser();
    browser.setClock(-3_600_000);
    browser.pass(12_600);
    assert.equal(browser.dataset.connection, 'reconnecting');
  });

  test('nor a retry an hour away', async () => {
    const browser = await liveBrowser();
    browser.socket.end(1006);
    browser.setClock(-3_600_000);
    browser.pass(1_000);
    assert.equal(browser.sockets.length, 2);
  });

  test('one that is put back wakes the page', async () => {
    const browser = await liveBrowser();
    browser.socket.receive({ type: 'bye', delayMs: 50_000, reason: 'restart' });
    browser.setClock(-3_600_000);
    browser.pass(5_000);
    assert.equal(browser.sockets.length, 2);
  });

  test('one that is set again and again makes no storm, and no false Live', async () => {
    const browser = await liveBrowser();
    browser.socket.end(1006);
    for (let second = 0; second < 120; second++) {
      browser.setClock(second % 2 ? 3_600_000 : -3_600_000);
      if (browser.socket.readyState !== 3) browser.socket.end(1006);
      browser.pass(1_000);
      if (browser.requests.some(({ path }) => path === '/api/live'))
        await browser.refuse('/api/live', new ApiError(0, 'NETWORK', 'no'));
      assert.notEqual(browser.dataset.connection, 'live');
    }
    const tries = browser.sockets.length;
    assert.ok(tries > 10 && tries < 45, `${tries} tries in two minutes`);
  });

  test('what is said of times is by the clock of the server', async () => {
    const browser = await liveBrowser();
    browser.socket.receive({ type: 'heartbeat', seq: 10, now: 50_000 });
    browser.setClock(-3_600_000);
    browser.pass(1_000);
    browser.socket.end(1006);
    assert.deepEqual([browser.live.now(), browser.live.status().asOf], [51_000, 50_000]);
  });

  for (const [target, away, back] of /** @type {const} */ ([
    ['window', 'pagehide', 'pageshow'],
    ['document', 'freeze', 'resume'],
  ])) {
    test(`${away} hangs up, ${back} resumes`, async () => {
      const browser = await liveBrowser();
      const { socket } = browser;
      browser[target].dispatchEvent(new Event(away));
      assert.equal(socket.closed, true);
      browser.pass(60_000);
      assert.equal(browser.sockets.length, 1);
      browser[target].dispatchEvent(new Event(back));
      browser.socket.open();
      assert.deepEqual([browser.sockets.length, browser.socket.sent[0].since, browser.dataset.snapshots], [2, 10, '1']);
    });
  }

  test('a browser that forgets to say that the page is back', async () => {
    const browser = await liveBrowser();
    browser.window.dispatchEvent(new Event('pagehide'));
    browser.document.dispatchEvent(new Event('visibilitychange'));
    browser.socket.open();
    assert.deepEqual([browser.sockets.length, browser.socket.sent[0].since], [2, 10]);
  });

  test('stop leaves nothing behind', async () => {
    const browser = await liveBrowser();
    browser.live.stop();
    browser.window.dispatchEvent(new Event('online'));
    assert.deepEqual(
      [browser.timers.size, browser.socket.closed, browser.dataset.connection, browser.sockets.length],
      [0, true, 'stopped', 1],
    );
  });

  test('"Try now", also after a refusal', async () => {
    const browser = await liveBrowser();
    browser.socket.end(4506);
    assert.equal(browser.dataset.connection, 'stopped');
    browser.live.retry();
    assert.equal(browser.sockets.length, 2);
  });

  test("the server's time, and each minute a call", async () => {
    const browser = await liveBrowser();
    browser.socket.receive({ type: 'heartbeat', seq: 10, now: 50_000 });
    assert.equal(browser.live.now(), 50_000);
    let calls = 0;
    browser.live.subscribe(() => calls++);
    browser.pass(12_000);
    browser.socket.receive({ type: 'heartbeat', seq: 10, now: 62_000 });
    browser.pass(10_000);
    assert.equal(calls, 1);
  });

  test('a view that fails stops nobody', async () => {
    const browser = await liveBrowser();
    browser.live.subscribe(() => {
      throw new Error('mine');
    });
    browser.socket.end(1006);
    assert.deepEqual([browser.errors.length, browser.dataset.connection], [1, 'reconnecting']);
  });
});

describe('parts on screen', () => {
  test('two views, one request; dropped with the second', async () => {
    const browser = await liveBrowser();
    const release = [browser.live.openPart('history:a'), browser.live.openPart('history:a')];
    await browser.answer('/api/tasks/a/history', { events: [entry(1)] }, 10);
    assert.equal(browser.requests.length, 0);
    release[0]?.();
    release[0]?.();
    assert.equal(browser.store.part('history:a').status, 'ready');
    release[1]?.();
    assert.equal(browser.store.part('history:a').status, 'idle');
  });

  test('a resync reads them again', async () => {
    const browser = await liveBrowser();
    browser.live.openPart('history:a');
    await browser.answer('/api/tasks/a/history', { events: [entry(1)] }, 10);
    browser.socket.receive({ type: 'resync', reason: 'expired' });
    await browser.answer('/api/snapshot', { ...BOARD, seq: 30 });
    await browser.answer('/api/tasks/a/history', { events: [entry(1), entry(2)] }, 30);
    assert.equal(browser.store.part('history:a').data?.entries.length, 2);
  });

  test('that failed are asked again by a person', async () => {
    const browser = await liveBrowser();
    browser.live.openPart('queue:a');
    await browser.refuse('/api/tasks/a/queue', new ApiError(500, 'INTERNAL_ERROR', 'no'));
    assert.deepEqual(browser.store.part('queue:a').error, { status: 500, code: 'INTERNAL_ERROR', message: 'no' });
    browser.live.retryPart('queue:a');
    await browser.answer('/api/tasks/a/queue', { messages: [] }, 10);
    assert.equal(browser.store.part('queue:a').status, 'ready');
  });

  test('older history', async () => {
    const browser = await liveBrowser();
    browser.live.openPart('history:a');
    await browser.answer(
      '/api/tasks/a/history',
      { events: Array.from({ length: 200 }, (_, index) => entry(500 + index)) },
      10,
    );
    browser.live.loadOlder('history:a');
    await browser.answer('/api/tasks/a/history?before=500', { events: [entry(499)] }, 10);
    assert.equal(browser.store.part('history:a').data?.entries[0]?.id, 499);
  });

  test('a listener of the store may open one', async () => {
    const browser = createBrowser();
    let release = () => {};
    browser.store.subscribe(({ all }) => {
      if (all) release = browser.live.openPart('history:a');
    });
    await browser.goLive(BOARD);
    await browser.answer('/api/tasks/a/history', { events: [] }, 10);
    assert.equal(browser.store.part('history:a').status, 'ready');
    release();
  });
});

describe('saving…', () => {
  test('until the cursor has reached the answer', async () => {
    const browser = await liveBrowser();
    assert.deepEqual(
      ['e1:10', 'e1:11', 'e2:1', null].map((header) => browser.live.isShown(header)),
      [true, false, false, true],
    );
    let shown = false;
    browser.live.whenShown('e1:11').then(() => {
      shown = true;
    });
    await settled();
    assert.equal(shown, false);
    browser.socket.receive(event(11, 'task_created', task('b')));
    await settled();
    assert.equal(shown, true);
  });

  test('or the board is read anew from another log', async () => {
    const browser = await liveBrowser();
    const shown = browser.live.whenShown('e1:11');
    browser.socket.receive({ type: 'resync', reason: 'workspace' });
    await browser.answer('/api/snapshot', { ...BOARD, epoch: 'e2', seq: 1 });
    await shown;
  });

  test('a snapshot of the same log that is older does not count', async () => {
    const browser = await liveBrowser();
    let shown = false;
    browser.live.whenShown('e1:12').then(() => {
      shown = true;
    });
    browser.socket.receive({ type: 'resync', reason: 'expired' });
    await browser.answer('/api/snapshot', { ...BOARD, seq: 11 });
    assert.equal(shown, false);
  });
});
