// @ts-check
/** Tests of providers: each asks one short question, as a run would, and what came of it stands beside the provider. */

import { html, nothing } from '../../vendor/lit-html/lit-html.js';
import { button } from '../../elements/button.js';
import { icon } from '../../elements/icons.js';
import { reasonOf } from '../../lib/failures.js';
import { providerUrl } from '../../router.js';
import { sign } from './page.js';

/** @import {App} from '../../app.js' */
/** @import {Provider} from '../../types.js' */

/** @typedef {{ok: boolean, message: string}} Outcome */

/** The server answers within a minute. */
const LIMIT_MS = 75_000;

/** @param {App} app */
export function createProviderTests(app) {
  const { api, painter } = app;
  /**
   * By name: what the provider was when it was asked, and what came of it; null: not known yet.
   * @type {Map<string, {version: number, outcome: Outcome|null}>}
   */
  const tests = new Map();

  /** @param {Provider} provider */
  async function start({ name, version }) {
    const note = (/** @type {Outcome|null} */ outcome) => {
      tests.set(name, { version, outcome });
      painter.request();
    };
    note(null);
    try {
      note((await api.post(`/api${providerUrl(name)}/test`, undefined, { timeoutMs: LIMIT_MS })).data);
    } catch (error) {
      note({ ok: false, message: `The test could not be made. ${reasonOf(error)}` });
    }
  }

  /** What a changed provider did before is no answer. @param {Provider} provider */
  function testOf({ name, version }) {
    const test = tests.get(name);
    return test?.version === version ? test : null;
  }

  return {
    /**
     * @param {Provider} provider
     * @param {string|null} [reason] why it cannot be tested now
     */
    button(provider, reason = null) {
      const isAsking = testOf(provider)?.outcome === null;
      return button({
        label: isAsking ? 'Testing…' : 'Test',
        title: `Ask “${provider.name}” one short question`,
        look: 'is-small',
        reason: isAsking ? 'its test is running' : (app.blocked() ?? reason),
        run: () => void start(provider),
        testid: 'test',
      });
    },

    /** There from the beginning, so that a change of it is heard. @param {Provider} provider */
    result(provider) {
      const test = testOf(provider);
      return html`<div class="test-result" role="status" data-testid="test-result">
        ${test ? resultOf(test.outcome) : nothing}
      </div>`;
    },
  };
}

/** @param {Outcome|null} outcome */
function resultOf(outcome) {
  if (!outcome)
    return html`<span class="sign is-busy"
      >${icon('loader-circle', 'spin')}<span>Asking it one short question. This takes up to a minute.</span></span
    >`;
  return outcome.ok
    ? sign('good', 'circle-check', `It works. ${outcome.message}`)
    : sign('bad', 'triangle-alert', outcome.message);
}
