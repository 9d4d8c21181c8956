// @ts-check
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { mcpConfig, newToken, scopeWords, tokenProblems } from '../../../static/js/lib/access.js';
import {
  agentBody,
  agentProblems,
  agentValues,
  runsOf,
  tasksPlannedFor,
  unreadiness,
} from '../../../static/js/lib/agent-form.js';
import { listed, nameProblem } from '../../../static/js/lib/names.js';
import {
  keyWords,
  presetOf,
  providerBody,
  providerProblems,
  providerValues,
  usersOf,
} from '../../../static/js/lib/providers.js';
import { changesOf, settingsBody, settingsProblems, settingsValues } from '../../../static/js/lib/settings.js';
import { inOrder } from '../../../static/js/lib/tools.js';
import { workspaceName } from '../../../static/js/lib/text.js';
import { folderNameProblem, folderOf, pathProblem, suggestedPath } from '../../../static/js/lib/workspaces.js';
import { flat } from '../../../static/js/views/registry/form.js';
import { makePlanned, makeTask } from './helpers.mjs';

/** @import {Agent, Provider, Run} from '../../../static/js/types.js' */

const NONE = new Map();
/** @type {Agent} */
const WRITER = {
  type: 'user_defined',
  name: 'writer',
  instructions: 'Write.',
  allowedTools: ['handoff', 'file.read'],
  provider: 'local',
  unconfined: false,
  isValid: true,
  version: 3,
};
/** @type {Agent} */
const PLANNER = { type: 'internal', name: 'task-validator', instructions: 'Plan.', isValid: true, version: 1 };
/** @type {Provider} */
const LOCAL = {
  name: 'local',
  providerType: {
    type: 'openai-compat',
    apiBaseUrl: 'http://localhost:11434/v1',
    apiKeyHint: 'cdef',
    defaultModel: 'm',
  },
  version: 2,
};
const CONFIG = {
  allowedAgentDirectories: ['/a', '/b'],
  initialAgentDirectory: '/a',
  systemAgentProvider: 'local',
  port: 9090,
  version: 1,
};

describe('names', () => {
  for (const name of ['a', 'gpt-4.1', 'A_b', 'new', 'x'.repeat(64)])
    test(`${name} can be given`, () => assert.equal(nameProblem(name, 'agent', NONE), null));
  for (const name of ['', '.x', 'a/b', '..', 'a b', 'ä', 'not-configured', 'x'.repeat(65)])
    test(`“${name}” cannot`, () => assert.notEqual(nameProblem(name, 'agent', NONE), null));
  test('a name is given once', () =>
    assert.equal(
      nameProblem('writer', 'agent', new Map([['writer', 1]])),
      'Another agent has the name “writer” already.',
    ));
  test('several read as a sentence does', () =>
    assert.deepEqual([listed([]), listed(['a']), listed(['a', 'b', 'c'])], ['', 'a', 'a, b and c']));
});

describe('access tokens', () => {
  test('say what they permit', () =>
    assert.deepEqual(
      [scopeWords(newToken().scopes), scopeWords(['task.get'])],
      ['May list, read, create and report on tasks', 'May read tasks'],
    ));
  test('need a name of their own and something to do', () => {
    assert.deepEqual(tokenProblems({ ...newToken(), name: 'laptop' }, NONE), {});
    assert.deepEqual(Object.keys(tokenProblems({ name: 'laptop', scopes: [] }, new Map([['laptop', 1]]))), [
      'name',
      'scopes',
    ]);
  });
  test('are given to an MCP client with the server to start', () => {
    const env = { CHORUS_API_URL: 'http://localhost:8080', CHORUS_TOKEN: 'chorus_x' };
    assert.deepEqual(
      JSON.parse(mcpConfig({ token: 'chorus_x', mcpCommand: '/opt/chorus/bin/chorus-mcp' }, 'http://localhost:8080')),
      { mcpServers: { chorus: { command: '/opt/chorus/bin/chorus-mcp', env } } },
    );
  });
});

describe('agents', () => {
  test('a form changes nothing by itself', () => {
    assert.deepEqual(agentBody(WRITER, agentValues(WRITER)), {
      type: 'user_defined',
      name: 'writer',
      instructions: 'Write.',
      allowedTools: ['file.read', 'handoff'],
      provider: 'local',
      model: null,
      unconfined: false,
    });
    assert.deepEqual(agentBody(PLANNER, agentValues(PLANNER)), {
      type: 'internal',
      name: 'task-validator',
      instructions: 'Plan.',
    });
  });

  test('an unconfined one stays so when something else is changed', () => {
    const agent = /** @type {Agent} */ ({ ...WRITER, unconfined: true });
    assert.equal(agentBody(agent, { ...agentValues(agent), model: 'other' }).unconfined, true);
  });

  test('a new one is complete but for its name and instructions', () => {
    assert.deepEqual(Object.keys(agentProblems(agentValues(null), { taken: NONE, providers: NONE })), [
      'name',
      'instructions',
    ]);
  });

  test('a provider that is gone is a problem of the field', () => {
    const values = { ...agentValues(WRITER), model: 'x'.repeat(201) };
    assert.deepEqual(Object.keys(agentProblems(values, { taken: NONE, providers: NONE })), ['provider', 'model']);
  });

  test('one needs a provider that exists; the planner that of the settings', () => {
    const state = { providers: new Map([['local', LOCAL]]), config: CONFIG };
    assert.deepEqual([unreadiness(WRITER, state), unreadiness(PLANNER, state)], [null, null]);
    assert.equal(unreadiness(WRITER, { ...state, providers: NONE }), 'Needs a provider.');
    assert.match(unreadiness(PLANNER, { ...state, config: null }) ?? '', /Settings/);
  });

  test('its runs at work come first', () => {
    const runs = /** @type {Run[]} */ ([
      { id: '1', agentName: 'writer', state: 'queued' },
      { id: '2', agentName: 'editor', state: 'running' },
      { id: '3', agentName: 'writer', state: 'running' },
    ]);
    assert.deepEqual(
      runsOf('writer', runs).map(({ id }) => id),
      ['3', '1'],
    );
  });

  test('open tasks whose plan suggests it', () => {
    const open = makePlanned({ assignedAgent: 'writer', status: { type: 'planned' } });
    const done = makePlanned({ assignedAgent: 'writer', status: { type: 'completed' } });
    assert.deepEqual(tasksPlannedFor('writer', [open, done, makeTask()]), [open]);
  });

  test('tools are in the order of their groups; unknown ones are kept', () => {
    assert.deepEqual(inOrder(['old', 'web.search', 'file.read']), ['file.read', 'web.search', 'old']);
  });
});

describe('providers', () => {
  test('without a word about the key the stored one stays', () => {
    const kind = { type: 'openai-compat', apiBaseUrl: 'http://localhost:11434/v1', defaultModel: 'm' };
    const values = providerValues(LOCAL);
    assert.deepEqual(providerBody(LOCAL, values), { name: 'local', providerType: kind });
    assert.deepEqual(providerBody(LOCAL, { ...values, apiKey: { to: 'replace', key: ' sk ' } }).providerType, {
      ...kind,
      apiKey: 'sk',
    });
    assert.deepEqual(providerBody(LOCAL, { ...values, apiKey: { to: 'remove' } }).providerType, {
      ...kind,
      apiKey: '',
    });
  });

  test('a program of this machine has nothing but its name', () => {
    const values = { ...providerValues(null), name: 'cli', apiBaseUrl: 'typed before' };
    assert.deepEqual(
      [providerBody(null, values), providerProblems(values, NONE)],
      [{ name: 'cli', providerType: { type: 'claude-code' } }, {}],
    );
  });

  test('what is wrong stands by its field', () => {
    const values = {
      name: 'x',
      type: 'openai-compat',
      apiBaseUrl: 'ftp://a',
      apiKey: { to: 'replace', key: ' ' },
      defaultModel: 'x'.repeat(201),
    };
    assert.deepEqual(Object.keys(providerProblems(values, new Map([['x', 1]]))), [
      'name',
      'apiBaseUrl',
      'apiKey',
      'defaultModel',
    ]);
    assert.match(
      String(providerProblems({ ...values, apiBaseUrl: 'http://me:secret@h/v1' }, NONE).apiBaseUrl),
      /Leave out/,
    );
    assert.deepEqual(
      providerProblems({ ...values, name: 'y', apiBaseUrl: 'http://h:1/v1', apiKey: null, defaultModel: '' }, NONE),
      {},
    );
  });

  test('presets are told by their address', () => {
    assert.deepEqual(
      ['https://openrouter.ai/api/v1', 'http://localhost:1234/v1', 'http://x'].map((url) => presetOf(url)?.value),
      ['openrouter', 'lmstudio', undefined],
    );
  });

  test('who works on it', () => {
    const agents = new Map(
      [WRITER, PLANNER, { ...WRITER, name: 'a' }, { ...WRITER, name: 'other', provider: 'x' }].map((agent) => [
        agent.name,
        agent,
      ]),
    );
    assert.deepEqual(usersOf('local', { agents, config: CONFIG }), { agents: ['a', 'writer'], system: true });
    assert.deepEqual(usersOf('none', { agents, config: null }), { agents: [], system: false });
  });

  test('a key is told by its end at most', () =>
    assert.deepEqual([null, '', 'cdef'].map(keyWords), ['No key', 'A short key is stored', 'Key ends in cdef']));
});

describe('settings', () => {
  test('a form changes nothing by itself', () => {
    const { version: _, ...settings } = CONFIG;
    assert.deepEqual(settingsBody(settingsValues(CONFIG)), settings);
  });

  test('blank rows and empty numbers are left out', () => {
    // (U10)
    const values = {
      ...settingsValues(CONFIG),
      allowedAgentDirectories: [' /a ', '', ' '],
      port: ' ',
      archiveDays: '3',
    };
    assert.deepEqual(settingsBody(values), {
      allowedAgentDirectories: ['/a'],
      initialAgentDirectory: '/a',
      systemAgentProvider: 'local',
      archiveDays: 3,
    });
  });

  test('what is wrong stands by its field', () => {
    const values = {
      allowedAgentDirectories: ['a'],
      initialAgentDirectory: '/c',
      systemAgentProvider: 'gone',
      port: '65535',
      archiveDays: '0',
    };
    assert.deepEqual(Object.keys(settingsProblems(values, NONE)), [
      'allowedAgentDirectories',
      'initialAgentDirectory',
      'systemAgentProvider',
      'port',
      'archiveDays',
    ]);
    for (const port of ['x', '1.5', '-1', '1e3'])
      assert.ok('port' in settingsProblems({ ...settingsValues(CONFIG), port }, new Map([['local', 1]])), port);
    assert.deepEqual(settingsProblems(settingsValues(null), NONE), {});
  });

  test('what an edited file would change', () => {
    assert.deepEqual(changesOf(CONFIG, CONFIG), []);
    assert.deepEqual(changesOf(CONFIG, { ...CONFIG, allowedAgentDirectories: ['/a'], port: undefined }), [
      { label: 'Allowed directories', now: '/a\n/b', file: '/a' },
      { label: 'Port', now: '9090', file: 'not set' },
    ]);
  });
});

describe('workspaces', () => {
  test('a workspace is called like its folder', () =>
    assert.deepEqual([workspaceName('/a/b c/chorus.json'), folderOf('/a/b c/chorus.json')], ['b c', '/a/b c']));
  test('paths are whole', () =>
    assert.deepEqual(
      ['', 'a/b', '/a/../b', ' /a '].map((path) => pathProblem(path) === null),
      [false, false, false, true],
    ));
  for (const name of ['', 'a/b', 'a\\b', '..', 'a..b'])
    test(`“${name}” is no folder’s name`, () => assert.notEqual(folderNameProblem(name), null));
  test('the path follows the name', () =>
    assert.deepEqual(
      ['p', '', 'a/b'].map((name) => suggestedPath('/base/', name)),
      ['/base/p', '', ''],
    ));
});

test('messages of nested fields stand by the fields that a form has', () => {
  assert.deepEqual(
    flat({
      providerType: { apiBaseUrl: ['No.', 'Never.'] },
      allowedAgentDirectories: { 2: ['Bad.'] },
      port: ['High.'],
    }),
    {
      apiBaseUrl: 'No. Never.',
      allowedAgentDirectories: 'Bad.',
      port: 'High.',
    },
  );
});
