// @ts-check
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { mayReturn } from '../../static/js/connection/explain.js';
import { MAX_HELD } from '../../static/js/connection/state.js';
import { retryDelay, wakeAt } from '../../static/js/connection/timing.js';
import { createMachine, ORIGIN, SOCKET_URL, WELCOME } from './helpers/machine.js';
import { createRandom } from './helpers/random.js';
import { event, snapshot } from './helpers/wire.js';

/** @param {{type: string}[]} effects */
const types = (effects) => effects.map(({ type }) => type);
const SUBSCRIBE = { type: 'subscribe', protocol: 1, epoch: 'e1', since: 10 };

describe('list, then watch', () => {
  test('snapshot and socket are asked for together', () => {
    const machine = createMachine();
    assert.deepEqual(machine.send({ type: 'start' }), [
      { type: 'fetchSnapshot', id: 1 },
      { type: 'openSocket', generation: 1 },
    ]);
    assert.equal(machine.status.kind, 'connecting');
  });

  for (const first of ['snapshot', 'open']) {
    test(`one subscribe when both are there, ${first} first`, () => {
      const machine = createMachine();
      machine.send({ type: 'start' });
      const events = [{ type: 'snapshot', id: 1, snapshot: snapshot({ seq: 10 }) }, { type: 'open' }];
      const effects = (first === 'open' ? events.reverse() : events).flatMap((each) => machine.send(each));
      assert.deepEqual(types(effects), ['swap', 'send']);
      assert.deepEqual(effects.at(-1), { type: 'send', generation: 1, message: SUBSCRIBE });
    });
  }

  test('live is only what has reached the head that welcome names', () => {
    const machine = createMachine();
    machine.send({ type: 'start' });
    machine.send({ type: 'snapshot', id: 1, snapshot: snapshot({ seq: 10 }) });
    machine.send({ type: 'open' });
    machine.frame({ ...WELCOME, seq: 11 });
    assert.deepEqual([machine.phase, machine.status.kind], ['catchingUp', 'connecting']);
    assert.deepEqual(types(machine.frame(event(11, 'task_deleted', { id: 'a' }))), ['apply']);
    machine.ctx.cursor = { epoch: 'e1', seq: 11 };
    machine.send({ type: 'outcome', outcome: 'applied' });
    assert.deepEqual([machine.phase, machine.status.kind], ['live', 'live']);
  });

  test('a snapshot that failed is asked for again, with the reason shown meanwhile', () => {
    const machine = createMachine();
    machine.send({ type: 'start' });
    machine.send({
      type: 'snapshotFailed',
      id: 1,
      problem: { code: 'SERVICE_UNAVAILABLE', message: 'No workspace is open.' },
    });
    assert.equal(machine.status.reason, 'No workspace is open.');
    machine.ctx.now += 1_000;
    assert.deepEqual(machine.send({ type: 'tick' }), [{ type: 'fetchSnapshot', id: 2 }]);
  });

  test('that reason stays while the socket comes and goes for want of a snapshot', () => {
    const machine = createMachine();
    machine.send({ type: 'start' });
    machine.send({
      type: 'snapshotFailed',
      id: 1,
      problem: { code: 'SERVICE_UNAVAILABLE', message: 'No workspace is open.' },
    });
    for (let tries = 0; tries < 4; tries++) machine.retry(4401);
    machine.send({
      type: 'liveAnswer',
      answer: { webSocketUrl: SOCKET_URL, allowedOrigins: [ORIGIN], sidecar: { state: 'ready', detail: '' } },
    });
    assert.equal(machine.status.reason, 'No workspace is open.');
  });

  test('a workspace that has been opened is followed at once, however long none was', () => {
    const machine = createMachine();
    machine.send({ type: 'start' });
    for (let tries = 0; tries < 12; tries++) machine.retry(1006);
    for (let asked = 1; asked < 12; asked++) {
      machine.send({
        type: 'snapshotFailed',
        id: asked,
        problem: { code: 'SERVICE_UNAVAILABLE', message: 'No workspace is open.' },
      });
      assert.deepEqual([machine.status.closed, machine.status.reason], [true, 'No workspace is open.']);
      machine.ctx.now += 1_000;
      for (let ticks = 0; ticks < 2; ticks++) machine.send({ type: 'tick' }); // one may go to a socket that does not open
      assert.equal(machine.state.memory.requests, asked + 1, 'asked again within a second');
    }
    if (machine.state.tag === 'Connecting') machine.send({ type: 'close', code: 1006 });
    machine.send({ type: 'snapshot', id: 12, snapshot: snapshot() });
    assert.deepEqual([machine.status.closed, machine.status.retryAt], [false, machine.ctx.now]);
  });

  test('an answer to an older question is nothing', () => {
    const machine = createMachine();
    machine.send({ type: 'start' });
    assert.deepEqual(machine.send({ type: 'snapshot', id: 0, snapshot: snapshot() }), []);
  });

  test('resume makes no snapshot request', () => {
    const machine = createMachine().goLive();
    assert.deepEqual(types(machine.retry(1012)), ['closeSocket', 'openSocket']);
    assert.deepEqual(machine.send({ type: 'open' }), [{ type: 'send', generation: 2, message: SUBSCRIBE }]);
  });
});

describe('heartbeats', () => {
  test('are answered with the cursor', () => {
    const machine = createMachine().goLive();
    assert.deepEqual(machine.frame({ type: 'heartbeat', seq: 10, now: 5 }), [
      { type: 'send', generation: 1, message: { type: 'pong', seq: 10 } },
    ]);
  });

  for (const seq of [9, 11, null]) {
    test(`with ${seq} where the cursor is 10 reveal a gap`, () => {
      const machine = createMachine().goLive();
      assert.deepEqual(types(machine.frame({ type: 'heartbeat', seq, now: 5 })), ['closeSocket']);
      assert.equal(machine.state.tag, 'Reconnecting');
    });
  }

  test('before welcome and after resync reveal nothing', () => {
    const machine = createMachine().goLive();
    machine.frame({ type: 'resync', reason: 'expired' });
    assert.deepEqual(types(machine.frame({ type: 'heartbeat', seq: null, now: 5 })), ['send']);
    machine.send({ type: 'snapshot', id: 2, snapshot: snapshot({ seq: 20 }) });
    assert.deepEqual(types(machine.frame({ type: 'heartbeat', seq: null, now: 5 })), ['send']);
    assert.equal(machine.phase, 'subscribing');
  });

  test('set the clock', () => {
    const machine = createMachine().goLive();
    machine.ctx.now = 1_000;
    machine.frame({ type: 'heartbeat', seq: 10, now: 4_000 });
    assert.equal(machine.state.memory.skew, 3_000);
  });
});

describe('gaps', () => {
  test('first: once more from the last good cursor', () => {
    const machine = createMachine().goLive();
    assert.deepEqual(types(machine.send({ type: 'outcome', outcome: 'gap' })), ['closeSocket']);
  });

  test('second in a row: a snapshot', () => {
    const machine = createMachine().goLive();
    machine.send({ type: 'outcome', outcome: 'gap' });
    machine.pass(1_000);
    machine.resume();
    assert.deepEqual(types(machine.send({ type: 'outcome', outcome: 'gap' })), ['closeSocket', 'fetchSnapshot']);
  });

  test('after 15 s of health it is the first again', () => {
    const machine = createMachine().goLive();
    machine.send({ type: 'outcome', outcome: 'gap' });
    machine.pass(1_000);
    machine.resume();
    machine.pass(15_000);
    assert.deepEqual(types(machine.send({ type: 'outcome', outcome: 'gap' })), ['closeSocket']);
  });

  test('welcome to another log takes a snapshot', () => {
    const machine = createMachine().goLive();
    machine.retry();
    machine.send({ type: 'open' });
    assert.deepEqual(types(machine.frame({ ...WELCOME, epoch: 'e2' })), ['closeSocket', 'fetchSnapshot']);
  });
});

describe('resync', () => {
  test('snapshot, then one subscribe on the same socket', () => {
    const machine = createMachine().goLive();
    assert.deepEqual(machine.frame({ type: 'resync', reason: 'expired' }), [{ type: 'fetchSnapshot', id: 2 }]);
    assert.equal(machine.status.kind, 'reconnecting');
    const effects = machine.send({ type: 'snapshot', id: 2, snapshot: snapshot({ epoch: 'e2', seq: 3 }) });
    assert.deepEqual(effects.at(-1), { type: 'send', generation: 1, message: { ...SUBSCRIBE, epoch: 'e2', since: 3 } });
    assert.deepEqual(types(effects), ['swap', 'send']);
  });

  test('events meanwhile are not applied', () => {
    const machine = createMachine().goLive();
    machine.frame({ type: 'resync', reason: 'expired' });
    assert.deepEqual(machine.frame(event(11, 'task_deleted', { id: 'a' })), []);
  });

  test('the socket breaks meanwhile: the snapshot still counts, and the next socket subscribes', () => {
    const machine = createMachine().goLive();
    machine.frame({ type: 'resync', reason: 'expired' });
    machine.send({ type: 'close', code: 1006 });
    assert.deepEqual(types(machine.send({ type: 'snapshot', id: 2, snapshot: snapshot({ seq: 20 }) })), ['swap']);
    machine.pass(1_000);
    assert.deepEqual(machine.send({ type: 'open' }), [
      { type: 'send', generation: 2, message: { ...SUBSCRIBE, since: 20 } },
    ]);
  });

  test('three in five minutes: say so, offer a reload, and slow down', () => {
    const machine = createMachine().goLive();
    for (const expected of [['fetchSnapshot'], ['fetchSnapshot'], []]) {
      assert.deepEqual(types(machine.frame({ type: 'resync', reason: 'expired' })), expected);
      if (expected.length === 0) assert.deepEqual(types(machine.pass(1_000)), ['fetchSnapshot']);
      machine.send({ type: 'snapshot', id: machine.state.memory.requests, snapshot: snapshot({ seq: 10 }) });
      machine.frame({ ...WELCOME, now: machine.ctx.now });
    }
    assert.equal(machine.status.reloadOffered, true);
    assert.match(machine.status.advice ?? '', /three times in five minutes/);
    machine.pass(5 * 60_000);
    assert.equal(machine.status.reloadOffered, false);
  });

  for (const reason of ['expired', 'workspace', 'epoch']) {
    test(`${reason}: the snapshot is asked for after the delay that the server tells, and no later`, () => {
      const machine = createMachine().goLive();
      assert.deepEqual(types(machine.frame({ type: 'resync', reason, delayMs: 1_500 })), []);
      assert.equal(machine.armed, 1_500);
      machine.ctx.now = 1_499;
      assert.deepEqual(types(machine.send({ type: 'tick' })), []);
      machine.ctx.now = 1_500;
      assert.deepEqual(types(machine.send({ type: 'tick' })), ['fetchSnapshot']);
    });
  }

  test('a person who presses "Try now" waits for nobody', () => {
    const machine = createMachine().goLive();
    machine.frame({ type: 'resync', reason: 'expired', delayMs: 9_000 });
    assert.deepEqual(types(machine.send({ type: 'wake' })), ['fetchSnapshot']);
  });

  test('a delay beyond reason is cut before the server gives up', () => {
    const machine = createMachine().goLive();
    machine.frame({ type: 'resync', reason: 'expired', delayMs: 1e9 });
    assert.ok(/** @type {any} */ (machine.state.memory.need).at <= 30_000);
  });

  test('the socket breaks while it waits: it still asks no earlier', () => {
    const machine = createMachine().goLive();
    machine.frame({ type: 'resync', reason: 'epoch', delayMs: 5_000 });
    machine.send({ type: 'close', code: 1006 });
    machine.ctx.now = 1_000;
    assert.deepEqual(types(machine.send({ type: 'tick' })), ['openSocket']);
    assert.deepEqual(types(machine.send({ type: 'open' })), []);
    machine.ctx.now = 5_000;
    assert.deepEqual(types(machine.send({ type: 'tick' })), ['fetchSnapshot']);
  });

  test('a workspace that is switched is no sign of trouble', () => {
    const machine = createMachine().goLive();
    for (let times = 0; times < 4; times++) {
      assert.deepEqual(types(machine.frame({ type: 'resync', reason: 'workspace' })), ['fetchSnapshot']);
      machine.send({ type: 'snapshot', id: machine.state.memory.requests, snapshot: snapshot({ seq: 10 }) });
      machine.frame(WELCOME);
    }
    assert.equal(machine.status.reloadOffered, false);
  });
});

describe('reset', () => {
  test('the stream goes on and is held back until the snapshot is there', () => {
    const machine = createMachine().goLive();
    assert.deepEqual(machine.send({ type: 'outcome', outcome: 'reset' }), [{ type: 'fetchSnapshot', id: 2 }]);
    const held = event(12, 'task_deleted', { id: 'a' });
    assert.deepEqual(machine.frame(held), []);
    assert.deepEqual(
      types(machine.frame({ type: 'heartbeat', seq: 12, now: 1 })),
      ['send'],
      'the cursor stands still: no gap',
    );
    const effects = machine.send({ type: 'snapshot', id: 2, snapshot: snapshot({ seq: 11 }) });
    assert.deepEqual(effects, [
      { type: 'swap', snapshot: snapshot({ seq: 11 }) },
      { type: 'apply', event: held, generation: 1 },
    ]);
    assert.equal(machine.phase, 'catchingUp');
  });

  for (const type of ['welcome', 'heartbeat']) {
    test(`with many pages each asks at a moment of its own, as ${type} says`, () => {
      const machine = createMachine().goLive();
      if (type === 'welcome') {
        machine.retry();
        machine.send({ type: 'open' });
        machine.frame({ ...WELCOME, spreadMs: 2_000 });
      } else machine.frame({ type: 'heartbeat', seq: 10, spreadMs: 2_000, now: 0 });
      machine.ctx.random = 0.75;
      assert.deepEqual(types(machine.send({ type: 'outcome', outcome: 'reset' })), []);
      machine.ctx.now += 1_499;
      assert.deepEqual(types(machine.send({ type: 'tick' })), []);
      machine.ctx.now += 1;
      assert.deepEqual(types(machine.send({ type: 'tick' })), ['fetchSnapshot']);
    });
  }

  test('live at once when nothing was held', () => {
    const machine = createMachine().goLive();
    machine.send({ type: 'outcome', outcome: 'reset' });
    assert.deepEqual(types(machine.send({ type: 'snapshot', id: 2, snapshot: snapshot({ seq: 11 }) })), [
      'swap',
      'revive',
    ]);
    assert.equal(machine.phase, 'live');
  });

  test('too much to hold: another connection', () => {
    const machine = createMachine().goLive();
    machine.send({ type: 'outcome', outcome: 'reset' });
    for (let seq = 12; seq < 12 + MAX_HELD; seq++) machine.frame(event(seq, 'task_deleted', { id: 'a' }));
    assert.equal(machine.phase, 'refreshing');
    assert.deepEqual(types(machine.frame(event(12 + MAX_HELD, 'task_deleted', { id: 'a' }))), ['closeSocket']);
  });
});

describe('the end of a connection', () => {
  for (const type of ['error', 'close', 'garbled']) {
    test(`${type} before open counts as close`, () => {
      const machine = createMachine();
      machine.send({ type: 'start' });
      machine.send({ type, code: 1006 });
      assert.equal(machine.state.tag, 'Reconnecting');
    });
  }

  test('8 s without open', () => {
    const machine = createMachine();
    machine.send({ type: 'start' });
    machine.ctx.now = 7_999;
    assert.deepEqual(machine.send({ type: 'tick' }), []);
    machine.ctx.now = 8_000;
    assert.deepEqual(types(machine.send({ type: 'tick' })), ['closeSocket']);
  });

  test('8 s without welcome', () => {
    const machine = createMachine();
    machine.send({ type: 'start' });
    machine.send({ type: 'snapshot', id: 1, snapshot: snapshot({ seq: 10 }) });
    machine.send({ type: 'open' });
    machine.ctx.now = 5_000;
    machine.frame({ type: 'heartbeat', seq: null, now: 5_000 });
    machine.ctx.now = 8_000;
    assert.deepEqual(types(machine.send({ type: 'tick' })), ['closeSocket']);
  });

  for (const how of ['tick', 'wake', 'frame']) {
    test(`2.5 heartbeats of silence, noticed by ${how}`, () => {
      const machine = createMachine().goLive();
      machine.ctx.now = 12_499;
      machine.send({ type: 'tick' });
      assert.equal(machine.phase, 'live');
      machine.ctx.now = 12_500;
      machine.send({ type: how, frame: { type: 'heartbeat', seq: 10, now: 0 } });
      assert.equal(machine.state.tag, 'Reconnecting');
    });
  }

  test('a frame in time keeps it alive', () => {
    const machine = createMachine().goLive();
    machine.ctx.now = 12_499;
    machine.frame({ type: 'run_output', items: [] });
    machine.ctx.now = 24_000;
    machine.send({ type: 'tick' });
    assert.equal(machine.phase, 'live');
  });

  test('events of an older socket are ignored', () => {
    const machine = createMachine().goLive();
    machine.retry();
    machine.resume();
    for (const type of ['close', 'error', 'garbled', 'open', 'frame', 'outcome']) {
      assert.deepEqual(
        machine.send({ type, generation: 1, code: 1006, frame: { type: 'bye', delayMs: 1 }, outcome: 'gap' }),
        [],
      );
    }
    assert.equal(machine.phase, 'live');
  });

  test('bye says when to come back', () => {
    const machine = createMachine().goLive();
    machine.frame({ type: 'bye', delayMs: 1_234, reason: 'restart' });
    assert.deepEqual(
      [machine.state.tag, machine.status.retryAt, machine.state.memory.failures],
      ['Reconnecting', 1_234, 0],
    );
    assert.equal(machine.status.reason, 'The live service restarts.');
  });

  test('bye says why, also to who has just come, and no diagnosis of before stands in its way', () => {
    const machine = createMachine().goLive();
    for (let tries = 0; tries < 3; tries++) machine.retry();
    machine.send({ type: 'liveFailed' });
    assert.equal(machine.status.kind, 'offline');
    machine.send({ type: 'open' });
    const failures = machine.state.memory.failures;
    machine.frame({ type: 'bye', delayMs: 2_500, reason: 'stale', detail: 'The log has not been read for 12 s.' });
    assert.deepEqual(
      [machine.status.kind, machine.status.reason, machine.state.memory.failures],
      ['reconnecting', 'The live service cannot read the board. The log has not been read for 12 s.', failures],
    );
  });

  for (const [delayMs, after] of /** @type {const} */ ([
    [1e12, 60_000],
    [-5, 0],
    [undefined, 0],
    ['soon', 0],
  ])) {
    test(`bye with a delay of ${delayMs}: ${after}`, () => {
      const machine = createMachine().goLive();
      machine.frame({ type: 'bye', delayMs, reason: 'from the future' });
      assert.equal(machine.status.retryAt, after);
    });
  }

  for (const [code, returns] of /** @type {const} */ ([
    [1000, true],
    [1006, true],
    [1012, true],
    [4012, true],
    [4401, true],
    [4499, true],
    [4500, false],
    [4506, false],
    [4999, false],
    [5000, true],
  ])) {
    test(`${code}: ${returns ? 'come back' : 'do not, and say why'}`, () => {
      assert.equal(mayReturn(code), returns);
      const machine = createMachine().goLive();
      machine.send({ type: 'close', code, reason: 'because' });
      assert.equal(machine.state.tag, returns ? 'Reconnecting' : 'NotConnected');
      if (!returns)
        assert.deepEqual(
          [machine.status.kind, machine.status.reloadOffered, machine.status.reason === null],
          ['stopped', true, false],
        );
    });
  }

  test('after a refusal only a person tries again', () => {
    const machine = createMachine().goLive();
    machine.send({ type: 'close', code: 4506 });
    assert.deepEqual([...machine.send({ type: 'wake' }), ...machine.send({ type: 'tick' })], []);
    assert.deepEqual(types(machine.send({ type: 'start' })), ['openSocket']);
  });
});

describe('coming back', () => {
  test('eight tries within a second each, then full jitter up to 20 s', () => {
    for (let failures = 0; failures < 8; failures++)
      assert.deepEqual([retryDelay(failures, 0), retryDelay(failures, 0.5)], [300, 650]);
    assert.deepEqual(
      [8, 9, 10, 11, 12, 99].map((failures) => retryDelay(failures, 0.5)),
      [1_000, 2_000, 4_000, 8_000, 10_000, 10_000],
    );
    assert.equal(retryDelay(9, 0), 0);
  });

  test('at once on wake', () => {
    const machine = createMachine().goLive();
    machine.send({ type: 'close', code: 1006 });
    assert.deepEqual(types(machine.send({ type: 'wake' })), ['openSocket']);
  });

  test('15 s of health forget the failures', () => {
    const machine = createMachine();
    machine.send({ type: 'start' });
    machine.retry();
    machine.retry();
    machine.send({ type: 'snapshot', id: 1, snapshot: snapshot({ seq: 10 }) });
    machine.resume();
    machine.pass(14_000);
    assert.equal(machine.state.memory.failures, 2);
    machine.pass(1_000);
    assert.equal(machine.state.memory.failures, 0);
  });

  test('a connection that ends before that counts as failed', () => {
    const machine = createMachine().goLive();
    machine.retry();
    assert.equal(machine.state.memory.failures, 1);
  });
});

describe('why is it not live?', () => {
  const answer = {
    webSocketUrl: SOCKET_URL,
    allowedOrigins: [ORIGIN],
    sidecar: { state: 'ready', detail: '' },
    openToNetwork: false,
  };

  /** @param {ReturnType<typeof createMachine>} machine */
  function failThrice(machine) {
    machine.send({ type: 'start' });
    return [1, 2, 3].map(() => types(machine.retry()).includes('askLive'));
  }

  test('asked after the third failure, one question at a time', () => {
    const machine = createMachine();
    assert.deepEqual(failThrice(machine), [false, false, true]);
    assert.equal(types(machine.retry()).includes('askLive'), false);
    machine.send({ type: 'liveFailed' });
    assert.equal(machine.status.kind, 'offline');
    assert.equal(types(machine.retry()).includes('askLive'), true);
  });

  test('asked again after a stop that left the question open', () => {
    const machine = createMachine();
    failThrice(machine);
    machine.send({ type: 'stop' });
    machine.send({ type: 'start' });
    assert.equal(types(machine.retry()).includes('askLive'), true);
  });

  for (const { name, given, expected } of [
    { name: 'the origin', given: { allowedOrigins: ['http://board.example'] }, expected: /CHORUS_PUBLIC_URL/ },
    {
      name: 'no sidecar',
      given: { sidecar: { state: 'unreachable', detail: 'Nothing listens on 8081.' } },
      expected: /not running\. Nothing listens on 8081\./,
    },
    {
      name: 'a starting sidecar',
      given: { sidecar: { state: 'unready', detail: 'behind by 3' } },
      expected: /not ready\. behind by 3/,
    },
    {
      name: 'another address',
      given: { webSocketUrl: 'wss://board.example/ws' },
      expected: /moved to wss:\/\/board\.example\/ws\. Reload/,
    },
    { name: 'something in between', given: {}, expected: /proxy or firewall/ },
  ]) {
    test(`says ${name}`, () => {
      const machine = createMachine();
      failThrice(machine);
      machine.send({ type: 'liveAnswer', answer: { ...answer, ...given } });
      assert.match(machine.status.reason ?? '', expected);
      assert.equal(machine.status.kind, 'reconnecting');
    });
  }

  test('forgotten with the next welcome', () => {
    const machine = createMachine();
    failThrice(machine);
    machine.send({ type: 'liveFailed' });
    machine.send({ type: 'snapshot', id: 1, snapshot: snapshot({ seq: 10 }) });
    machine.resume();
    assert.deepEqual([machine.status.kind, machine.status.reason], ['live', null]);
  });
});

describe('the life of the page', () => {
  test('suspended: silent, whatever comes', () => {
    const machine = createMachine().goLive();
    assert.deepEqual(types(machine.send({ type: 'suspend' })), ['closeSocket']);
    for (const type of ['tick', 'start', 'close', 'frame'])
      assert.deepEqual(machine.send({ type, code: 1006, frame: { type: 'bye' } }), []);
    assert.deepEqual(types(machine.send({ type: 'resume' })), ['openSocket']);
  });

  test('suspended: wakes where the browser does not say that it is back', () => {
    const machine = createMachine().goLive();
    machine.send({ type: 'suspend' });
    assert.deepEqual(types(machine.send({ type: 'wake' })), ['openSocket']);
    assert.deepEqual(machine.send({ type: 'resume' }), []);
  });

  test('a snapshot that was under way when suspended is asked for again', () => {
    const machine = createMachine();
    machine.send({ type: 'start' });
    machine.send({ type: 'suspend' });
    assert.deepEqual(machine.send({ type: 'snapshot', id: 1, snapshot: snapshot() }), []);
    assert.deepEqual(types(machine.send({ type: 'resume' })), ['fetchSnapshot', 'openSocket']);
  });

  test('stop', () => {
    const machine = createMachine().goLive();
    assert.deepEqual(types(machine.send({ type: 'stop' })), ['closeSocket']);
    assert.equal(machine.status.kind, 'stopped');
  });

  test('another build offers a reload, and is still live', () => {
    const machine = createMachine().goLive();
    machine.retry();
    machine.send({ type: 'open' });
    machine.frame({ ...WELCOME, build: 'two' });
    assert.deepEqual([machine.status.kind, machine.status.reloadOffered], ['live', true]);
  });

  test('a page that does not know its own build offers none', () => {
    const machine = createMachine();
    machine.ctx.page.build = null;
    assert.equal(machine.goLive().status.reloadOffered, false);
  });

  test('as of: the last moment at which it was known to be current', () => {
    const machine = createMachine().goLive();
    machine.ctx.now = 3_000;
    machine.frame({ type: 'heartbeat', seq: 10, now: 3_000 });
    machine.ctx.now = 4_000;
    machine.send({ type: 'close', code: 1006 });
    machine.ctx.now = 9_000;
    assert.deepEqual([machine.status.kind, machine.status.asOf], ['reconnecting', 3_000]);
  });

  test('unknown frames are passed over', () => {
    const machine = createMachine().goLive();
    assert.deepEqual(machine.frame({ type: 'comet', seq: 3 }), []);
    assert.deepEqual(
      types(machine.frame({ type: 'comet', seq: 11, at: 1, data: {} })),
      ['apply'],
      'an event of a kind we do not know',
    );
  });
});

describe('any order of events', () => {
  const events = [
    'start',
    'stop',
    'suspend',
    'resume',
    'wake',
    'tick',
    'open',
    'close',
    'error',
    'garbled',
    'frame',
    'outcome',
    'snapshot',
    'snapshotFailed',
    'liveAnswer',
    'liveFailed',
  ];
  const frames = [
    WELCOME,
    { type: 'heartbeat', seq: 10, now: 0 },
    { type: 'resync', reason: 'expired' },
    { type: 'resync', reason: 'epoch', delayMs: 2_000 },
    { type: 'heartbeat', seq: 10, spreadMs: 4_000, now: 0 },
    { type: 'bye', delayMs: 5 },
    { type: 'bye', delayMs: 1e15, reason: 'stale', detail: 'no' },
    event(11, 'task_deleted', { id: 'a' }),
  ];
  const live = {
    webSocketUrl: SOCKET_URL,
    allowedOrigins: [],
    sidecar: { state: 'ready', detail: '' },
    openToNetwork: false,
  };

  test('keeps one socket, one subscription, and a timer that is never late', () => {
    for (let seed = 1; seed <= 300; seed++) endure(seed);
  });

  /** @param {number} seed */
  function endure(seed) {
    const random = createRandom(seed);
    const machine = createMachine();
    let open = 0;
    for (let step = 0; step < 200; step++) {
      machine.ctx.now += random.below(3_000);
      machine.ctx.random = random.next();
      const effects = machine.send({
        type: random.pick(events),
        code: random.pick([1006, 1012, 4506]),
        frame: random.pick(frames),
        outcome: random.pick(['applied', 'dropped', 'gap', 'reset']),
        id: machine.state.memory.requests,
        snapshot: snapshot({ seq: 10 }),
        problem: { code: random.pick(['BUSY', 'SERVICE_UNAVAILABLE']), message: 'no' },
        answer: live,
      });
      for (const { type } of effects) {
        if (type === 'openSocket') open++;
        if (type === 'closeSocket') open--;
      }
      const due = wakeAt(machine.state);
      assert.ok(
        due === null || (machine.armed !== null && machine.armed <= due),
        `seed ${seed}, step ${step}: rings at ${machine.armed}, due at ${due}`,
      );
      const { tag } = machine.state;
      if (tag === 'NotConnected') open = 0; // refused: the server has closed it
      assert.equal(
        open,
        tag === 'Connecting' || tag === 'Connected' ? 1 : 0,
        `seed ${seed}, step ${step}: ${open} sockets in ${tag}`,
      );
    }
  }
});
