// @ts-check
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DAY, addCounters, daysOf, sum, todayOf } from '../../../static/js/lib/counters.js';
import { pictureOf, tellAgents, tellCost, tellFlow, tellTasks, tellTime } from '../../../static/js/lib/insights.js';
import { createStore } from '../../../static/js/store.js';
import { figuresOf } from '../../../static/js/views/insights/figures.js';
import { event, snapshot } from '../helpers/wire.js';

/** @import {Insights} from '../../../static/js/types.js' */

const TODAY = 20_000 * DAY;
const HOUR = 3_600_000;

/** @type {Insights} */
const READ = {
  first: TODAY - 6 * DAY,
  today: TODAY,
  todayBegan: TODAY + 8 * HOUR,
  todayEnds: TODAY + 31 * HOUR,
  timeZone: 'America/Los_Angeles, UTC−08:00',
  before: { pending: 5, completed: 2 },
  days: [
    {
      day: TODAY - 3 * DAY,
      counters: { tasks: { pending: -1, active: 1 }, left: { pending: 1 }, spentMs: { pending: 3_600_000 } },
    },
    {
      day: TODAY,
      counters: {
        tasks: { active: -1, completed: 1 },
        flow: { completed: 1 },
        left: { active: 1 },
        spentMs: { active: 60_000 },
        runs: { 'writer/succeeded': 1, 'editor/cancelled': 2 },
        runMs: { writer: 30_000, editor: 6000 },
        tokensIn: { writer: 900 },
        costMicroUsd: { writer: 1_500_000 },
      },
    },
  ],
};

describe('what events move', () => {
  test('is added to the day of the server, which may have 23 hours and begin when it likes', () => {
    const moved = { tasks: { pending: 1 }, flow: { created: 1 } };
    for (const at of [TODAY + 8 * HOUR, TODAY + 31 * HOUR - 1]) {
      const same = addCounters(READ, { at, counters: moved });
      assert.deepEqual(same?.days[1]?.counters.tasks, { active: -1, completed: 1, pending: 1 });
      assert.deepEqual(same?.days[1]?.counters.flow, { completed: 1, created: 1 });
    }
    const first = addCounters({ ...READ, days: READ.days.slice(0, 1) }, { at: TODAY + 9 * HOUR, counters: moved });
    assert.deepEqual(
      first?.days.map(({ day }) => day),
      [TODAY - 3 * DAY, TODAY],
    );
    assert.equal(READ.days.length, 2, 'what was read stays as it was');
  });

  test('on another day is asked for: only the server knows where its days begin', () => {
    for (const at of [TODAY + 8 * HOUR - 1, TODAY + 31 * HOUR])
      assert.equal(addCounters(READ, { at, counters: { flow: { created: 1 } } }), null);
    const store = createStore();
    store.swap(snapshot({ seq: 10 }));
    store.parts.open('insights:7');
    store.parts.answer('insights:7', store.parts.takeRequests()[0]?.id ?? 0, {
      asOf: { epoch: 'e1', seq: 10 },
      data: READ,
    });
    store.apply({ ...event(11, 'task_deleted', { id: 'x' }), at: READ.todayEnds, counters: { flow: { created: 1 } } });
    assert.equal(store.parts.takeRequests().length, 1);
  });

  test('sums are the same in any order', () => {
    const [a, b] = [{ tasks: { pending: 1 } }, { tasks: { pending: 2, failed: 1 }, runMs: { x: 4 } }];
    assert.deepEqual(sum(a, b), sum(b, a));
  });

  test('reaches an open part once: not what its answer already held', () => {
    const store = createStore();
    store.swap(snapshot({ seq: 10 }));
    store.parts.open('insights:7');
    const [request] = store.parts.takeRequests();
    assert.equal(request?.path, '/api/insights?days=7');
    const moved = (/** @type {number} */ seq) =>
      store.apply({
        ...event(seq, 'task_deleted', { id: 'x' }),
        at: TODAY + 9 * HOUR,
        counters: { flow: { created: 1 } },
      });
    moved(11);
    moved(12);
    store.parts.answer('insights:7', request?.id ?? 0, { asOf: { epoch: 'e1', seq: 11 }, data: READ });
    const created = () => store.part(/** @type {const} */ ('insights:7')).data?.days.at(-1)?.counters.flow?.created;
    assert.equal(created(), 1, 'the kept event after the answer');
    moved(13);
    assert.equal(created(), 2);
    store.apply(event(14, 'task_deleted', { id: 'y' }));
    assert.equal(created(), 2, 'an event without counters');
    store.swap(snapshot({ seq: 20 }));
    assert.equal(store.parts.takeRequests().length, 1, 'read anew after a snapshot');
  });
});

test('days and ranges', () => {
  const end = READ.todayEnds;
  assert.deepEqual(
    [0, end - 1, end, end + DAY - 1, end + DAY].map((now) => todayOf(READ, now)),
    [TODAY, TODAY, TODAY + DAY, TODAY + DAY, TODAY + 2 * DAY],
  );
  assert.deepEqual(
    ['7', '90', '31', '', 'x'].map((text) => daysOf(new URLSearchParams({ days: text }))),
    [7, 90, 30, 30, 30],
  );
});

describe('the picture', () => {
  const picture = pictureOf(READ, 7, TODAY + 9 * HOUR);

  test('levels are sums of changes', () => {
    assert.deepEqual(picture.tasks.pending, [5, 5, 5, 4, 4, 4, 4]);
    assert.deepEqual(picture.tasks.active, [0, 0, 0, 1, 1, 1, 0]);
    assert.deepEqual(picture.tasks.completed, [2, 2, 2, 2, 2, 2, 3]);
    assert.deepEqual(picture.flow.completed, [0, 0, 0, 0, 0, 0, 1]);
  });

  test('after midnight the oldest day leaves, and its changes stay in the levels', () => {
    const later = pictureOf(READ, 3, READ.todayEnds);
    assert.deepEqual(later.days, [TODAY - DAY, TODAY, TODAY + DAY]);
    assert.deepEqual(later.tasks.pending, [4, 4, 4]);
    assert.deepEqual(later.tasks.completed, [2, 3, 3]);
  });

  test('times and agents', () => {
    assert.deepEqual(picture.time, [
      { status: 'pending', moves: 1, average: 3_600_000 },
      { status: 'active', moves: 1, average: 60_000 },
    ]);
    assert.deepEqual(
      picture.agents.map(({ name, runs, succeeded, other, usd }) => [name, runs, succeeded, other, usd]),
      [
        ['editor', 2, 0, 2, 0],
        ['writer', 1, 1, 0, 1.5],
      ],
    );
  });

  test('sentences', () => {
    assert.equal(tellTasks(picture), '7 tasks on the board, as many as 6 days ago: 4 pending and 3 completed.');
    assert.equal(tellFlow(picture), 'In 7 days 0 tasks were created, 1 completed and 0 failed: 0.1 completed a day.');
    assert.match(tellFlow(pictureOf(READ, 90, TODAY)), /less than 0\.1 completed a day/);
    assert.equal(tellTime(picture), 'Tasks stayed longest in Pending: 1h 0m on average.');
    assert.equal(
      tellAgents(picture),
      '3 runs by 2 agents: 1 succeeded, 0 failed and 2 ended otherwise. They took 36s.',
    );
    assert.equal(tellCost(picture), '$1.50 in all; writer cost most: $1.50.');
  });

  test('nothing yet', () => {
    const empty = pictureOf({ ...READ, first: TODAY, before: {}, days: [] }, 30, TODAY);
    assert.equal(empty.isEmpty, true);
    assert.equal(picture.isEmpty, false);
    assert.equal(tellTime(empty), 'No task has left a status in these days.');
    assert.equal(tellAgents(empty), 'No agent has ended a run in these days.');
    assert.equal(tellCost(empty), 'No run has reported a cost in these days.');
  });

  test('each figure has a row for each place, and values for each column', () => {
    for (const { name, places, series, table } of figuresOf(picture)) {
      assert.ok(
        series.every(({ values }) => values.length === places.length),
        name,
      );
      assert.ok(
        table.rows.every((row) => row.length === table.head.length),
        name,
      );
    }
  });
});
