// @ts-check
/**
 * The output of each run of a task: open while it works, and where a person wants to see it. Fetched when first open.
 */

import { html } from '../../vendor/lit-html/lit-html.js';
import { live } from '../../vendor/lit-html/directives/live.js';
import { createLater } from '../../lib/later.js';
import { isUnfinished } from '../../lib/runs.js';
import { loadStyles } from '../../lib/styles.js';

/** @import {App} from '../../app.js' */
/** @import {Run} from '../../types.js' */

/** @typedef {ReturnType<typeof createOutputs>} Outputs */
/** @typedef {ReturnType<typeof import('./output.js').createOutput>} Output */

/** @param {App} app */
export function createOutputs(app) {
  /** The open ones by run. @type {Map<string, Output|null>} */
  const open = new Map();
  /** @type {Set<string>} */
  const seen = new Set();
  let hasLeft = false;
  const later = createLater(load, () => app.notices.unfetched('The output'));

  async function load() {
    const [{ createOutput }] = await Promise.all([import('./output.js'), loadStyles('/css/output.css')]);
    return createOutput;
  }

  /** @param {string} id */
  function show(id) {
    if (open.has(id)) return;
    open.set(id, null);
    later.use((createOutput) => {
      if (hasLeft || open.get(id) !== null) return;
      open.set(id, createOutput(app, id));
      app.painter.request();
    });
  }

  /** @param {string} id */
  function hide(id) {
    open.get(id)?.leave();
    open.delete(id);
  }

  /** @param {Run} run */
  function template(run) {
    if (!seen.has(run.id) && isUnfinished(run.state) && run.state !== 'queued') {
      seen.add(run.id);
      show(run.id);
    }
    const toggle = (/** @type {Event} */ event) => {
      const isOpen = /** @type {HTMLDetailsElement} */ (event.target).open;
      if (isOpen === open.has(run.id)) return;
      if (isOpen) show(run.id);
      else hide(run.id);
      app.painter.request();
    };
    return html`<details
      class="fold run-output"
      id="live-${run.id}"
      data-testid="run-output"
      ?open=${live(open.has(run.id))}
      @toggle=${toggle}
    >
      <summary>What it says and does</summary>
      ${open.has(run.id) ? (open.get(run.id)?.template(run) ?? html`<p class="soft">Opening…</p>`) : ''}
    </details>`;
  }

  return {
    template,
    painted() {
      for (const output of open.values()) output?.painted();
    },
    leave() {
      hasLeft = true;
      for (const id of [...open.keys()]) hide(id);
    },
  };
}
