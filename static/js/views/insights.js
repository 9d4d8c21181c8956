// @ts-check
/** Insights: what happened on the last days, live, from the server's daily counters. */

import { html, nothing } from '../vendor/lit-html/lit-html.js';
import { button } from '../elements/button.js';
import { icon } from '../elements/icons.js';
import { unconfinedAgents } from '../lib/agents.js';
import { RANGES } from '../lib/counters.js';
import { pictureOf } from '../lib/insights.js';
import { figureTemplate } from './insights/figure.js';
import { figuresOf } from './insights/figures.js';
import { createPlots } from './insights/plots.js';
import { failedPart } from './task/failed-part.js';

/** @import {App, View} from '../app.js' */
/** @import {Figure} from './insights/figures.js' */

/**
 * @param {App} app
 * @param {number} firstDays
 * @returns {View}
 */
export function createInsights(app, firstDays) {
  const { store, live, painter } = app;
  let days = firstDays;
  let release = live.openPart(`insights:${days}`);
  /** @type {Figure[]} */
  let figures = [];
  /** The day that is pointed at, in all figures of days. @type {number|null} */
  let chosen = null;
  const plots = createPlots(choose, () => painter.request());

  /** @param {number|null} place */
  function choose(place) {
    if (place === chosen) return;
    chosen = place;
    painter.request();
  }

  /** @param {number} next */
  function change(next) {
    if (next === days) return;
    release();
    [days, chosen] = [next, null];
    release = live.openPart(`insights:${days}`);
  }

  const retry = () => live.retryPart(`insights:${days}`);

  function body() {
    const { data, status, error } = store.part(/** @type {const} */ (`insights:${days}`));
    if (!data) return status === 'error' ? failedPart('The numbers', error, retry) : loading();
    const picture = pictureOf(data, days, live.now());
    if (picture.isEmpty) return nothingYet();
    figures = figuresOf({ ...picture, agents: picture.agents.map((agent) => ({ ...agent, name: told(agent.name) })) });
    return html`${status === 'error' ? failedPart('The newest numbers', error, retry) : nothing}
      <div class="figures" data-testid="figures">
        ${figures.map((figure) => figureTemplate(figure, chosen, choose))}
      </div>
      <p class="soft">
        Days begin and end at midnight of the server (<span data-testid="time-zone">${data.timeZone}</span>), as those
        of the caps do. Time in a status is counted when a task leaves it. Deleted tasks stay in the sums of what
        happened.
      </p>`;
  }

  /** @param {string} name of an agent */
  const told = (name) => (unconfinedAgents(store.state.agents).has(name) ? `${name} (unconfined)` : name);

  const nothingYet = () =>
    html`<div class="empty" data-testid="insights-empty">
      ${icon('chart-column')}
      <h2>Nothing has happened yet</h2>
      <p>Create a task: what becomes of it is counted here, day by day.</p>
      ${button({ label: 'New task', icon: 'plus', look: 'is-primary', run: app.openNewTask, reason: app.blocked() })}
    </div>`;

  function template() {
    figures = [];
    return html`<div class="insights">
      <header class="insights-head">
        <h1 tabindex="-1">Insights</h1>
        <nav aria-label="Range">
          <ul class="ranges">
            ${RANGES.map(
              (range) =>
                html`<li>
                  <a
                    class="button is-small"
                    href="/insights?days=${range}"
                    aria-current=${range === days ? 'true' : nothing}
                    data-testid="range-${range}"
                    >${range} days</a
                  >
                </li>`,
            )}
          </ul>
        </nav>
      </header>
      ${body()}
    </div>`;
  }

  return {
    title: () => 'Insights',
    template,
    routed(route) {
      if (route.page === 'insights') change(route.days);
    },
    painted: () => plots.show(figures, chosen),
    leave() {
      release();
      plots.close();
    },
  };
}

const loading = () =>
  html`<div class="empty" aria-busy="true" data-testid="insights-loading">
    ${icon('loader-circle', 'spin')}
    <p>Fetching the numbers…</p>
  </div>`;
