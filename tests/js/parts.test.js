// @ts-check
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

/** @import {OutputRecord, PartKey} from '../../static/js/types.js' */

import { ARCHIVE_PAGE, HISTORY_PAGE, OUTPUT_KEPT } from '../../static/js/part-kinds.js';
import { createStore } from '../../static/js/store.js';
import { createRandom } from './helpers/random.js';
import { entry, event, run, snapshot, task } from './helpers/wire.js';

const LONG = { description: 'long…', truncated: ['description'] };
const FULL = { description: 'long and whole' };

/**
 * A store with `key` open and asked for at cursor 10.
 * @param {PartKey} key
 * @param {any} [fields]
 */
function opened(key, fields = {}) {
  const store = createStore();
  store.swap(snapshot({ seq: 10, ...fields }));
  store.parts.open(key);
  const [request] = store.parts.takeRequests();
  return { store, request: /** @type {NonNullable<typeof request>} */ (request) };
}

/**
 * @param {ReturnType<typeof opened>} opened
 * @param {number} seq
 * @param {any} data
 * @param {string} [epoch]
 */
function answer({ store, request }, seq, data, epoch = 'e1') {
  return store.parts.answer(request.key, request.id, { asOf: { epoch, seq }, data });
}

/**
 * @param {ReturnType<typeof createStore>} store
 * @param {string} id
 */
function historyIds(store, id = 'a') {
  return store.part(/** @type {`history:${string}`} */ (`history:${id}`)).data?.entries.map((each) => each.id);
}

describe('reading a part', () => {
  test('waits for the first snapshot', () => {
    const store = createStore();
    store.parts.open('history:a');
    assert.deepEqual(store.parts.takeRequests(), []);
    store.swap(snapshot({ seq: 3 }));
    assert.deepEqual(
      store.parts.takeRequests().map(({ path }) => path),
      [`/api/tasks/a/history?limit=${HISTORY_PAGE}`],
    );
    assert.deepEqual(store.parts.takeRequests(), [], 'asked once');
  });

  test('an unknown kind is an error of ours', () => {
    assert.throws(() => createStore().parts.open(/** @type {any} */ ('comet:a')), /no such kind/);
  });

  test('an event after the answer is appended, one inside it is not', () => {
    const it = opened('history:a');
    it.store.apply(event(11, 'history_appended', { taskId: 'a' }, [entry(1)]));
    it.store.apply(event(12, 'history_appended', { taskId: 'a' }, [entry(2)]));
    answer(it, 11, { events: [entry(1)] });
    assert.deepEqual(historyIds(it.store), [1, 2], 'kept events are replayed');
    assert.deepEqual(it.store.part('history:a').asOf, { epoch: 'e1', seq: 12 });
  });

  test('an answer from the future is not touched by the events on their way', () => {
    const it = opened('history:a');
    answer(it, 12, { events: [entry(1), entry(2)] });
    it.store.apply(event(11, 'history_appended', { taskId: 'a' }, [entry(1)]));
    it.store.apply(event(12, 'history_appended', { taskId: 'a' }, [entry(2)]));
    it.store.apply(event(13, 'history_appended', { taskId: 'a' }, [entry(3)]));
    assert.deepEqual(historyIds(it.store), [1, 2, 3]);
  });

  test('all items of one transaction count', () => {
    const it = opened('history:a');
    answer(it, 10, { events: [] });
    it.store.apply(
      event(11, 'transaction', [
        { type: 'history_appended', data: { taskId: 'a' }, history: [entry(1)] },
        { type: 'task_updated', data: task('a'), history: [entry(2)] },
        { type: 'task_updated', data: task('b'), history: [entry(3)] },
      ]),
    );
    assert.deepEqual(historyIds(it.store), [1, 2]);
  });

  test('the answer to an older request, or after the view has gone, is nothing', () => {
    // (U2)
    const it = opened('history:a');
    assert.equal(
      it.store.parts.answer('history:a', 99, { asOf: { epoch: 'e1', seq: 10 }, data: { events: [] } }),
      false,
    );
    it.store.parts.close('history:a');
    assert.equal(answer(it, 10, { events: [] }), false);
  });

  test('an answer from another log waits for the snapshot that must come', () => {
    const it = opened('history:a');
    answer(it, 3, { events: [] }, 'e2');
    assert.equal(it.store.part('history:a').status, 'loading');
    assert.deepEqual(it.store.parts.takeRequests(), [], 'no hot loop');
    it.store.swap(snapshot({ epoch: 'e2', seq: 3 }));
    assert.equal(it.store.parts.takeRequests().length, 1);
  });

  test('an answer older than the page is refused', () => {
    const it = opened('history:a');
    answer(it, 9, { events: [] });
    assert.equal(it.store.part('history:a').error?.code, 'OUTDATED');
  });

  test('a new snapshot drops all parts, and an answer from before it is nothing', () => {
    const it = opened('history:a');
    it.store.swap(snapshot({ seq: 20 }));
    assert.equal(answer(it, 10, { events: [] }), false);
    assert.equal(it.store.part('history:a').status, 'loading');
    assert.equal(it.store.parts.takeRequests().length, 1);
  });
});

describe('failures', () => {
  test('are shown, and asked again by a person', () => {
    const it = opened('history:a');
    it.store.parts.fail('history:a', it.request.id, { status: 500, code: 'INTERNAL_ERROR', message: 'no' });
    assert.equal(it.store.part('history:a').status, 'error');
    it.store.parts.retry('history:a');
    assert.equal(it.store.parts.takeRequests().length, 1);
  });

  test('of the network are asked again when the connection is back', () => {
    const it = opened('history:a');
    it.store.parts.fail('history:a', it.request.id, { status: 0, code: 'NETWORK', message: 'no' });
    it.store.parts.revive();
    assert.equal(it.store.parts.takeRequests().length, 1);
  });

  test('of our own making are not', () => {
    const it = opened('history:a');
    it.store.parts.fail('history:a', it.request.id, { status: 422, code: 'VALIDATION_ERROR', message: 'no' });
    it.store.parts.revive();
    assert.equal(it.store.parts.takeRequests().length, 0);
  });

  test('404 is gone, unless it has come back meanwhile', () => {
    const it = opened('task:a');
    it.store.apply(event(11, 'task_created', task('a', LONG)));
    it.store.parts.fail('task:a', it.request.id, { status: 404, code: 'NOT_FOUND', message: 'no' });
    assert.equal(it.store.parts.takeRequests().length, 1);
    const other = opened('history:a');
    other.store.parts.fail('history:a', other.request.id, { status: 404, code: 'NOT_FOUND', message: 'no' });
    assert.equal(other.store.part('history:a').status, 'gone');
  });
});

describe('deletion and undo', () => {
  for (const key of /** @type {PartKey[]} */ (['task:a', 'history:a', 'queue:a', 'runs:a'])) {
    test(`${key} goes and comes back`, () => {
      const it = opened(key, { tasks: [task('a', LONG)] });
      it.store.apply(event(11, 'task_deleted', { id: 'a' }));
      assert.equal(it.store.part(key).status, 'gone');
      assert.equal(answer(it, 10, {}), false, 'the answer to the former request');
      it.store.apply(event(12, 'task_created', task('a', LONG)));
      assert.equal(it.store.parts.takeRequests().length, 1);
    });

    test(`${key} of an archived task goes and comes back`, () => {
      const it = opened(key);
      it.store.apply(event(11, 'task_deleted', { id: 'a' }));
      assert.equal(it.store.part(key).status, 'gone');
      it.store.apply(event(12, 'task_archived', { id: 'a' }));
      assert.equal(it.store.parts.takeRequests().length, 1);
    });
  }
});

describe('the full text of a task', () => {
  test('is the wire task when nothing is cut: nothing to read', () => {
    const store = createStore();
    store.swap(snapshot({ seq: 10, tasks: [task('a')] }));
    store.parts.open('task:a');
    assert.deepEqual(store.parts.takeRequests(), []);
    assert.deepEqual(store.fullTask('a'), { task: task('a'), complete: true, status: 'ready', error: null });
  });

  test('is read when something is cut', () => {
    const it = opened('task:a', { tasks: [task('a', LONG)] });
    assert.deepEqual([it.store.fullTask('a').complete, it.store.fullTask('a').status], [false, 'loading']);
    answer(it, 10, task('a', FULL));
    assert.deepEqual(it.store.fullTask('a'), { task: task('a', FULL), complete: true, status: 'ready', error: null });
  });

  test('is read again only when the version moves', () => {
    const it = opened('task:a', { tasks: [task('a', LONG)] });
    answer(it, 10, task('a', FULL));
    it.store.apply(event(11, 'task_updated', task('a', { ...LONG, chainCount: 1 })));
    assert.deepEqual(it.store.parts.takeRequests(), []);
    it.store.apply(event(12, 'task_updated', task('a', { ...LONG, version: 2, status: { type: 'completed' } })));
    assert.equal(it.store.parts.takeRequests().length, 1);
    const { task: shown, complete, status } = it.store.fullTask('a');
    assert.deepEqual(
      [shown?.description, shown?.status.type, complete, status],
      [FULL.description, 'completed', false, 'refreshing'],
    );
  });

  test('is not read again for an event that the answer already held', () => {
    const it = opened('task:a', { tasks: [task('a', LONG)] });
    it.store.apply(event(11, 'task_updated', task('a', { ...LONG, version: 2 })));
    answer(it, 11, task('a', { ...FULL, version: 2 }));
    assert.deepEqual(it.store.parts.takeRequests(), []);
  });

  test('is read again when a change came between request and answer', () => {
    const it = opened('task:a', { tasks: [task('a', LONG)] });
    it.store.apply(event(11, 'task_updated', task('a', { ...LONG, version: 2 })));
    answer(it, 10, task('a', FULL));
    assert.equal(it.store.parts.takeRequests().length, 1);
  });

  test('comes with the event when that is whole', () => {
    const it = opened('task:a', { tasks: [task('a', LONG)] });
    answer(it, 10, task('a', FULL));
    it.store.apply(event(11, 'task_updated', task('a', { description: 'short', version: 2 })));
    assert.deepEqual(it.store.parts.takeRequests(), []);
    assert.equal(it.store.fullTask('a').task?.description, 'short');
  });

  test('of an archived task is read, and followed', () => {
    const it = opened('task:a');
    answer(it, 10, task('a', { archivedAt: 5 }));
    assert.equal(it.store.fullTask('a').task?.archivedAt, 5);
    it.store.apply(event(11, 'task_updated', task('a', { archivedAt: 5, version: 2, description: 'new' })));
    assert.deepEqual([it.store.fullTask('a').task?.description, it.store.state.tasks.size], ['new', 0]);
  });

  test('is read when the task leaves the board', () => {
    const store = createStore();
    store.swap(snapshot({ seq: 10, tasks: [task('a')] }));
    store.parts.open('task:a');
    store.apply(event(11, 'task_archived', { id: 'a' }));
    assert.equal(store.parts.takeRequests().length, 1);
  });
});

describe('the other kinds', () => {
  test('a queue is replaced by its event', () => {
    const it = opened('queue:a');
    answer(it, 10, { messages: [] });
    const queue = { messages: [{ id: 'm', content: 'hi', receivedAt: 1 }] };
    it.store.apply(event(11, 'queue_changed', { taskId: 'a', queue }));
    it.store.apply(event(12, 'queue_changed', { taskId: 'b', queue: { messages: [] } }));
    assert.deepEqual(it.store.part('queue:a').data, queue);
  });

  test('a history is read again when one item changed several tasks with entries', () => {
    const it = opened('history:a');
    answer(it, 10, { events: [entry(1)] });
    it.store.apply(event(11, 'tasks_changed', [task('a'), task('b')]));
    assert.deepEqual(it.store.parts.takeRequests(), [], 'no entries: nothing to read');
    it.store.apply(event(12, 'tasks_changed', [task('a'), task('b')], [entry(2), entry(3)]));
    assert.equal(it.store.parts.takeRequests().length, 1);
  });

  test('access tokens follow access_tokens_changed, by name, and come back with an undo', () => {
    const it = opened('access:');
    const token = (/** @type {string} */ name) => ({
      name,
      scopes: ['task.get'],
      hint: 'abcd',
      createdAt: 1,
      version: 1,
    });
    const names = () => it.store.part('access:').data?.map(({ name }) => name);
    assert.equal(it.request.path, '/api/access-tokens');
    answer(it, 10, [token('b'), token('c')]);
    it.store.apply(event(11, 'access_tokens_changed', { accessTokens: [token('a')], deleted: ['c'] }));
    assert.deepEqual(names(), ['a', 'b']);
    it.store.apply(event(12, 'access_tokens_changed', { accessTokens: [token('c')], deleted: [] }));
    assert.deepEqual(names(), ['a', 'b', 'c']);
    assert.deepEqual(it.store.parts.takeRequests(), []);
  });

  test('runs follow run_updated', () => {
    const it = opened('runs:a');
    answer(it, 10, [run('r', 'a')]);
    it.store.apply(event(11, 'run_updated', run('r', 'a', { state: 'failed' })));
    it.store.apply(event(12, 'run_updated', run('s', 'a')));
    it.store.apply(event(13, 'run_updated', run('t', 'b')));
    assert.deepEqual(
      it.store.part('runs:a').data?.map(({ id, state }) => [id, state]),
      [
        ['r', 'failed'],
        ['s', 'running'],
      ],
    );
  });
});

describe('output of a run', () => {
  /**
   * Records `from` to `to`.
   * @param {number} from
   * @param {number} to
   */
  const said = (from, to) =>
    Array.from(
      { length: to - from + 1 },
      (_, k) => /** @type {OutputRecord} */ ({ n: from + k, at: 1, kind: 'text', text: `${from + k}`, first: true }),
    );
  /**
   * A page as the server answers it.
   * @param {number} from
   * @param {number} to
   * @param {number} [last]
   * @param {string} [epoch]
   */
  const page = (from, to, last = to, epoch = 'o1') => ({
    epoch,
    first: 1,
    last,
    from,
    hasMore: to < last,
    records: said(from, to),
  });
  const numbers = (/** @type {ReturnType<typeof createStore>} */ store) =>
    store.part('output:r').data?.records.map(({ n }) => n) ?? [];
  /**
   * @param {ReturnType<typeof createStore>} store
   * @param {number} from
   * @param {number} to
   * @param {string} [runId]
   */
  const push = (store, from, to, runId = 'r') =>
    store.receive({ type: 'run_output', items: [{ runId, taskId: 'a', from, records: said(from, to) }] });
  /**
   * Answers what is asked for now.
   * @param {ReturnType<typeof createStore>} store
   * @param {any} data
   */
  function answerNext(store, data) {
    const [request] = store.parts.takeRequests();
    store.parts.answer('output:r', request?.id ?? 0, { asOf: { epoch: 'e1', seq: 10 }, data });
    return request?.path;
  }

  test('is appended where it follows, cut where it overlaps, and moves no cursor', () => {
    const it = opened('output:r');
    assert.equal(it.request.path, `/api/runs/r/output?limit=${OUTPUT_KEPT}`);
    answer(it, 10, page(1, 2));
    push(it.store, 3, 3);
    push(it.store, 3, 3);
    push(it.store, 2, 5);
    push(it.store, 9, 9, 'other');
    assert.deepEqual(numbers(it.store), [1, 2, 3, 4, 5]);
    assert.equal(it.store.state.seq, 10);
  });

  test('is read on from the last good record when there is a hole, or when it is told that there is one', () => {
    const it = opened('output:r');
    answer(it, 10, page(1, 1));
    push(it.store, 3, 3);
    assert.equal(answerNext(it.store, page(2, 3)), '/api/runs/r/output?since=1');
    push(it.store, 5, 4);
    assert.equal(answerNext(it.store, page(4, 4)), '/api/runs/r/output?since=3');
    assert.deepEqual(numbers(it.store), [1, 2, 3, 4]);
  });

  test('what came between request and answer is kept', () => {
    const it = opened('output:r');
    push(it.store, 2, 2);
    answer(it, 10, page(1, 1));
    assert.deepEqual(numbers(it.store), [1, 2]);
  });

  test('is asked for again after a reconnect, page after page, or anew when too much was missed', () => {
    const it = opened('output:r');
    answer(it, 10, page(1, 1));
    it.store.parts.revive();
    assert.equal(answerNext(it.store, page(2, 3, 5)), '/api/runs/r/output?since=1');
    assert.equal(answerNext(it.store, page(4, 5, 9_000)), '/api/runs/r/output?since=3');
    assert.equal(answerNext(it.store, page(8_990, 9_000)), `/api/runs/r/output?limit=${OUTPUT_KEPT}`);
    assert.deepEqual([numbers(it.store)[0], numbers(it.store).at(-1)], [8_990, 9_000]);
    assert.deepEqual(it.store.parts.takeRequests(), []);
  });

  test('of another epoch begins anew', () => {
    const it = opened('output:r');
    answer(it, 10, page(1, 9));
    it.store.parts.revive();
    answerNext(it.store, { ...page(10, 9, 4, 'o2') });
    assert.equal(answerNext(it.store, page(1, 4, 4, 'o2')), `/api/runs/r/output?limit=${OUTPUT_KEPT}`);
    assert.deepEqual(numbers(it.store), [1, 2, 3, 4]);
  });

  test('keeps a bounded number', () => {
    const it = opened('output:r');
    answer(it, 10, page(1, 1));
    push(it.store, 2, OUTPUT_KEPT + 50);
    assert.deepEqual([numbers(it.store)[0], numbers(it.store).length], [51, OUTPUT_KEPT]);
  });

  test('pieces of one answer are joined as they come, and are one of those that are kept', () => {
    const it = opened('output:r');
    answer(it, 10, page(1, 1));
    const piece = (/** @type {number} */ n) => /** @type {OutputRecord} */ ({ n, at: 1, kind: 'text', text: '.' });
    for (let n = 2; n <= 40; n += 1)
      it.store.receive({ type: 'run_output', items: [{ runId: 'r', taskId: 'a', from: n, records: [piece(n)] }] });
    push(it.store, 41, 41);
    const records = it.store.part('output:r').data?.records ?? [];
    assert.deepEqual(numbers(it.store), [1, 41]);
    assert.deepEqual([records[0]?.to, records[0]?.text], [40, `1${'.'.repeat(39)}`]);
    assert.equal(it.store.part('output:r').data?.last, 41);
  });

  test('where pieces make fewer blocks than are shown, older ones are read and joined across the border', () => {
    const it = opened('output:r');
    const pieces = Array.from(
      { length: OUTPUT_KEPT },
      (_, k) => /** @type {OutputRecord} */ ({ n: 1_001 + k, at: 1, kind: 'text', text: '.' }),
    );
    answer(it, 10, { ...page(1_001, 1_500), records: pieces });
    const older = it.store.parts.takeOlder('output:r');
    assert.equal(older?.path, `/api/runs/r/output?since=500&limit=${OUTPUT_KEPT}`);
    assert.equal(it.store.parts.takeOlder('output:r'), null);
    const moment = { epoch: 'e1', seq: 10 };
    it.store.parts.answerOlder('output:r', older?.id ?? 0, { asOf: moment, data: page(501, 1_000, 1_500) });
    const records = it.store.part('output:r').data?.records ?? [];
    assert.equal(records.length, 500);
    assert.deepEqual([records.at(-1)?.n, records.at(-1)?.to], [1_000, 1_500]);
    assert.equal(it.store.parts.takeOlder('output:r'), null, 'there are enough now');
  });

  test('older output of another numbering is not taken, and not asked for again', () => {
    const it = opened('output:r');
    answer(it, 10, page(901, 950, 950));
    const older = it.store.parts.takeOlder('output:r');
    const answerOf = { asOf: { epoch: 'e1', seq: 10 }, data: page(401, 900, 950, 'o2') };
    it.store.parts.answerOlder('output:r', older?.id ?? 0, answerOf);
    assert.deepEqual([numbers(it.store)[0], it.store.parts.takeOlder('output:r')], [901, null]);
  });

  test('ends up whole whatever is dropped, doubled, reordered or answered late', () => {
    for (let seed = 1; seed <= 60; seed += 1) {
      const random = createRandom(seed).next;
      const it = opened('output:r');
      let last = 0;
      /** @type {{id: number, path: string}[]} */
      let asked = [{ id: it.request.id, path: it.request.path }];
      /** @type {[number, number][]} */
      const sent = [];
      const serve = () => {
        const request = asked.shift();
        if (!request) return;
        const since = Number(/since=(\d+)/.exec(request.path)?.[1] ?? 0);
        it.store.parts.answer('output:r', request.id, {
          asOf: { epoch: 'e1', seq: 10 },
          data: page(since + 1, Math.min(last, since + 7), last),
        });
      };
      for (let step = 0; step < 60; step += 1) {
        const count = Math.floor(random() * 4);
        sent.push([last + 1, (last += count)]);
        if (random() < 0.6) push(it.store, ...(sent.at(-1) ?? [1, 0]));
        if (random() < 0.3) push(it.store, ...(sent[Math.floor(random() * sent.length)] ?? [1, 0]));
        asked.push(...it.store.parts.takeRequests());
        if (random() < 0.4) serve();
      }
      push(it.store, last + 1, last);
      for (asked.push(...it.store.parts.takeRequests()); asked.length > 0; asked.push(...it.store.parts.takeRequests()))
        serve();
      assert.deepEqual(
        numbers(it.store),
        said(1, last).map(({ n }) => n),
        `seed ${seed}`,
      );
    }
  });
});

describe('older history', () => {
  const page = (/** @type {number} */ from) => Array.from({ length: HISTORY_PAGE }, (_, index) => entry(from + index));

  /** @returns {ReturnType<typeof opened>} */
  function withOnePage() {
    const it = opened('history:a');
    answer(it, 10, { events: page(1000) });
    return it;
  }

  test('is put before, and tells whether there is more', () => {
    const it = withOnePage();
    const request = it.store.parts.takeOlder('history:a');
    assert.equal(request?.path, `/api/tasks/a/history?before=1000&limit=${HISTORY_PAGE}`);
    assert.equal(it.store.parts.takeOlder('history:a'), null, 'one at a time');
    it.store.apply(event(11, 'history_appended', { taskId: 'a' }, [entry(5000)]));
    it.store.parts.answerOlder('history:a', request?.id ?? 0, {
      asOf: { epoch: 'e1', seq: 10 },
      data: { events: [entry(998), entry(999)] },
    });
    const { data } = it.store.part('history:a');
    assert.deepEqual(
      [data?.entries[0]?.id, data?.entries.at(-1)?.id, data?.entries.length],
      [998, 5000, HISTORY_PAGE + 3],
    );
    assert.deepEqual([data?.hasOlder, data?.older], [false, 'idle']);
    assert.equal(it.store.parts.takeOlder('history:a'), null, 'nothing older');
  });

  test('of another log, or after a new snapshot, is nothing', () => {
    const it = withOnePage();
    const request = it.store.parts.takeOlder('history:a');
    it.store.parts.answerOlder('history:a', request?.id ?? 0, {
      asOf: { epoch: 'e2', seq: 1 },
      data: { events: [entry(1)] },
    });
    assert.equal(it.store.part('history:a').data?.older, 'failed');
    const again = it.store.parts.takeOlder('history:a');
    it.store.swap(snapshot({ seq: 11 }));
    assert.equal(
      it.store.parts.answerOlder('history:a', again?.id ?? 0, {
        asOf: { epoch: 'e1', seq: 11 },
        data: { events: [entry(1)] },
      }),
      false,
    );
  });

  test('that failed may be asked again', () => {
    const it = withOnePage();
    const request = it.store.parts.takeOlder('history:a');
    it.store.parts.answerOlder('history:a', request?.id ?? 0, null);
    assert.notEqual(it.store.parts.takeOlder('history:a'), null);
  });
});

describe('the archive', () => {
  const old = (/** @type {string} */ id, fields = {}) =>
    task(id, { status: { type: 'completed' }, archivedAt: 1, ...fields });
  const ids = (/** @type {ReturnType<typeof createStore>} */ store) =>
    store.part('archive:x').data?.tasks.map(({ id }) => id);
  /** A full page of it, with one task named `a`. */
  function page() {
    const it = opened('archive:x');
    answer(it, 10, [old('a'), ...Array.from({ length: ARCHIVE_PAGE - 1 }, (_, n) => old(`p${n}`))]);
    return it;
  }

  test('is asked for by its text', () => {
    assert.equal(opened('archive:a b').request.path, `/api/tasks?archived=true&limit=${ARCHIVE_PAGE}&q=a%20b`);
  });

  test('loses what is deleted or reopened, and is read again when a task joins it', () => {
    const it = opened('archive:x');
    answer(it, 10, [old('a'), old('b'), old('c')]);
    it.store.apply(event(11, 'task_deleted', { id: 'a' }));
    it.store.apply(event(12, 'task_updated', task('b')));
    it.store.apply(event(13, 'task_updated', old('c', { version: 2 })));
    assert.deepEqual(ids(it.store), ['c']);
    it.store.apply(event(14, 'task_archived', { id: 'd' }));
    assert.equal(it.store.parts.takeRequests().length, 1);
  });

  test('an older page is told of what happened while it was on its way', () => {
    const { store } = page();
    const older = store.parts.takeOlder('archive:x');
    assert.match(older?.path ?? '', /&before=p48$/);
    store.apply(event(11, 'task_deleted', { id: 'late' }));
    store.parts.answerOlder('archive:x', older?.id ?? 0, {
      asOf: { epoch: 'e1', seq: 10 },
      data: [old('late'), old('z')],
    });
    assert.deepEqual(ids(store)?.slice(-2), ['p48', 'z']);
    assert.equal(store.part('archive:x').data?.hasOlder, false);
  });

  test('a new first page keeps what was loaded below it', () => {
    const it = page();
    const older = it.store.parts.takeOlder('archive:x');
    it.store.parts.answerOlder('archive:x', older?.id ?? 0, { asOf: { epoch: 'e1', seq: 10 }, data: [old('z')] });
    it.store.apply(event(11, 'task_archived', { id: 'new' }));
    const [request] = it.store.parts.takeRequests();
    const first = [old('new'), ...(it.store.part('archive:x').data?.tasks.slice(0, ARCHIVE_PAGE - 1) ?? [])];
    it.store.parts.answer('archive:x', request?.id ?? 0, { asOf: { epoch: 'e1', seq: 11 }, data: first });
    assert.deepEqual(
      [ids(it.store)?.length, ids(it.store)?.at(0), ids(it.store)?.at(-1)],
      [ARCHIVE_PAGE + 2, 'new', 'z'],
    );
  });
});
