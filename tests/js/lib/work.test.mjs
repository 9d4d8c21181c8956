// @ts-check
/** Rules of people's work with agents: who can be started and with which words, questions, runs, and who is told. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hindrancesOf, userAgents, whyNotRun } from '../../../static/js/lib/agents.js';
import { handoffCount } from '../../../static/js/lib/board.js';
import { best, fit } from '../../../static/js/lib/fuzzy.js';
import { toolCallOf } from '../../../static/js/lib/history.js';
import { newNeeds } from '../../../static/js/lib/needs.js';
import { promptOf } from '../../../static/js/lib/prompt.js';
import { answersOf, choicesOf, isAsking, unanswered } from '../../../static/js/lib/questions.js';
import { resumable, timelineOf, totalOf } from '../../../static/js/lib/runs.js';
import { run } from '../helpers/wire.js';
import { makePlanned, makeRun, makeTask } from './helpers.mjs';

/**
 * @param {string} name
 * @param {string} provider
 * @returns {import('../../../static/js/types.js').UserAgent}
 */
const agent = (name, provider) => ({
  type: 'user_defined',
  name,
  instructions: '',
  allowedTools: [],
  provider,
  unconfined: false,
  isValid: true,
  version: 1,
});
const PLANNER = /** @type {const} */ ({
  type: 'internal',
  name: 'task-validator',
  instructions: '',
  isValid: true,
  version: 1,
});
const CLAUDE = /** @type {const} */ ({ name: 'claude', providerType: { type: 'claude-code' }, version: 1 });
const CONFIG = { allowedAgentDirectories: [], initialAgentDirectory: '', systemAgentProvider: 'claude', version: 1 };

/** @param {...any} items */
const byName = (...items) => new Map(items.map((item) => [item.name, item]));

test('agents of people can be started, by name, where their provider exists', () => {
  // (U8)
  const agents = byName(agent('writer', 'claude'), agent('editor', 'not-configured'), agent('scout', 'gone'), PLANNER);
  assert.deepEqual(
    userAgents(agents).map(({ name }) => name),
    ['editor', 'scout', 'writer'],
  );
  const reasons = userAgents(agents).map((each) => whyNotRun(each, byName(CLAUDE)));
  assert.match(reasons[0] ?? '', /no provider/);
  assert.match(reasons[1] ?? '', /“gone” does not exist/);
  assert.equal(reasons[2], null);
});

test('what is missing in the workspace is said as what to do', () => {
  const empty = hindrancesOf({ agents: byName(PLANNER), providers: byName(), config: null });
  assert.match(empty.plan ?? '', /Settings/);
  assert.match(empty.start ?? '', /Create one/);
  const unset = hindrancesOf({
    agents: byName(agent('a', 'not-configured')),
    providers: byName(CLAUDE),
    config: CONFIG,
  });
  assert.equal(unset.plan, null);
  assert.match(unset.start ?? '', /provider/);
  assert.equal(
    hindrancesOf({ agents: byName(agent('a', 'claude')), providers: byName(CLAUDE), config: CONFIG }).start,
    null,
  );
});

test('an agent is told the description, or everything that the plan says', () => {
  assert.equal(promptOf(makeTask({ description: 'Paint it' })), 'Paint it');
  assert.equal(promptOf(makePlanned({ description: 'Paint it' })), 'Paint it');
  const task = makePlanned({
    description: 'Paint it',
    requirements: ['green'],
    plan: ['sand', 'paint'],
    questions: [
      { question: 'Which?', answer: 'the gate' },
      { question: 'When?', answer: null },
    ],
  });
  assert.equal(
    promptOf(task),
    '## Task\n\nPaint it\n\n## Requirements\n\n- green\n\n## Plan\n\n1. sand\n2. paint\n\n## Questions and answers\n\nQ: Which?\nA: the gate',
  );
});

for (const [question, text, options] of /** @type {[string, string, string[]][]} */ ([
  ['Which genre?', 'Which genre?', []],
  ['Which genre?\n- sci-fi\n- crime', 'Which genre?', ['sci-fi', 'crime']],
  ['Which?\n\na) one\nb) two\n', 'Which?', ['one', 'two']],
  ['Which?\n1. one\n2. two', 'Which?', ['one', 'two']],
  ['Only one:\n- one', 'Only one:\n- one', []],
  ['- a\n- b', '- a\n- b', []],
])) {
  test(`${JSON.stringify(question)} has ${options.length} options`, () =>
    assert.deepEqual(choicesOf(question), { text, options }));
}

test('answers go by position, and those given before stay', () => {
  const questions = [
    { question: 'a', answer: 'old' },
    { question: 'b', answer: null },
    { question: 'c', answer: null },
  ];
  const typed = (/** @type {number} */ index) => ['', ' new ', ''][index] ?? '';
  assert.deepEqual(answersOf(questions, typed), ['old', 'new', '']);
  assert.equal(unanswered(questions, typed), 1);
  assert.equal(isAsking(questions), true);
});

test('hand-offs stand below the run that handed off', () => {
  const chain = [
    { ...makeRun('writer'), runId: 'w', parentRunId: null, completedAt: null },
    { ...makeRun('editor'), runId: 'e', parentRunId: 'w' },
  ];
  const runs = [
    run('p', 't', { kind: 'planner', agentName: 'task-validator', state: 'succeeded' }),
    run('w', 't', { state: 'waiting' }),
    run('e', 't', { parentRunId: 'w', agentName: 'editor' }),
  ];
  const timeline = timelineOf(chain, runs);
  assert.deepEqual(
    timeline.map(({ id, handoffs }) => [id, handoffs.map((each) => each.id)]),
    [
      ['p', []],
      ['w', ['e']],
    ],
  );
  assert.equal(timeline[1]?.handoffs[0]?.record?.agentName, 'editor');
});

test('before the runs are read, the chain alone is shown', () => {
  const chain = [
    { ...makeRun('writer'), runId: 'w', parentRunId: null, completedAt: null },
    { ...makeRun('editor'), runId: 'e', parentRunId: 'w' },
  ];
  const [writer] = timelineOf(chain, []);
  assert.deepEqual([writer?.state, writer?.handoffs[0]?.state], ['running', 'interrupted']);
  assert.equal(handoffCount(makeTask({ agentChain: chain })), 1);
});

for (const [status, state, name, isReady] of /** @type {const} */ ([
  ['waiting', 'cancelled', 'writer', true],
  ['waiting', 'paused', 'writer', true],
  ['waiting', 'stopping', 'writer', false],
  ['active', 'running', null, false],
])) {
  test(`a ${status} task with a ${state} run ${name ? `can${isReady ? '' : 'not yet'} be resumed` : 'is not resumed'}`, () => {
    const task = makeTask({ status: { type: status, agent: 'writer' } });
    const found = resumable(task, [
      run('w', 't', { state }),
      run('e', 't', { parentRunId: 'w', agentName: 'editor', state: 'cancelled' }),
    ]);
    assert.equal(found?.run.agentName ?? null, name);
    if (found) assert.equal(found.reason === null, isReady);
  });
}

test('a tool call is laid out for reading; what was cut stays as it is', () => {
  const entry = {
    id: 1,
    timestamp: 0,
    eventType: 'tool_executed',
    data: { input: '{"a":1}', output: '{"b":' },
    truncated: ['output'],
  };
  assert.deepEqual(toolCallOf(entry), { input: '{\n  "a": 1\n}', output: '{"b":', isCut: true });
  assert.equal(toolCallOf({ ...entry, eventType: 'status_changed' }), null);
});

test('people are told once when a task begins to need them, and no more when it is settled', () => {
  const known = new Map(/** @type {const} */ ([['a', 'active']]));
  /** @param {...ReturnType<typeof makeTask>} tasks */
  const board = (...tasks) => new Map(tasks.map((task) => [task.id, task]));
  const asks = makeTask({ id: 'a', status: { type: 'awaiting_input' } });
  assert.deepEqual(newNeeds(/** @type {any} */ (known), ['a'], board(asks)), { tell: [asks], settled: [] });
  assert.deepEqual(newNeeds(/** @type {any} */ (known), ['a'], board({ ...asks, version: 2 })), {
    tell: [],
    settled: [],
  });
  assert.deepEqual(
    newNeeds(/** @type {any} */ (known), ['a'], board({ ...asks, status: { type: 'planning', agent: 'p' } })),
    { tell: [], settled: ['a'] },
  );
  assert.deepEqual(newNeeds(/** @type {any} */ (known), ['a'], board()), { tell: [], settled: ['a'] });
});

test('a few letters find', () => {
  assert.deepEqual(
    best(['Settings', 'Go to the board', 'Workspaces'], 'bo', (text) => text),
    ['Go to the board'],
  );
  assert.notEqual(fit('gttb', 'Go to the board'), null);
  assert.equal(fit('xyz', 'Go to the board'), null);
  assert.deepEqual(
    best(['the fence', 'fence'], 'fence', (text) => text),
    ['fence', 'the fence'],
  );
  assert.notEqual(fit('fence paint', 'Paint the fence'), null);
});

test('what all runs of a task have used', () => {
  const used = (/** @type {number} */ input, /** @type {number|null} */ costUsd) => ({
    tokens: { input, output: 1 },
    costUsd,
  });
  assert.deepEqual(totalOf([used(3, null), used(4, 0.5), used(0, 0.25)]), {
    tokens: { input: 7, output: 3 },
    costUsd: 0.75,
  });
  assert.equal(totalOf([used(3, null)]).costUsd, null);
});
