// @ts-check
/** One figure: a sentence, a legend with the numbers of a day, the plot, and all of it as a table. */

import { html, nothing } from '../../vendor/lit-html/lit-html.js';
import { icon } from '../../elements/icons.js';
import { keyOf } from '../../lib/keys.js';

/** @import {Figure, Series} from './figures.js' */

const STEPS = /** @type {Readonly<Record<string, (place: number, last: number) => number>>} */ ({
  ArrowLeft: (place) => place - 1,
  ArrowRight: (place) => place + 1,
  ArrowDown: (place) => place - 1,
  ArrowUp: (place) => place + 1,
  Home: () => 0,
  End: (_, last) => last,
});

/**
 * @param {Figure} figure
 * @param {number|null} chosen the day whose numbers the legend tells; null: today
 * @param {(place: number|null) => void} choose
 */
export function figureTemplate(figure, chosen, choose) {
  const last = figure.places.length - 1;
  const place = Math.min(chosen ?? last, last);
  return html`<section class="figure" data-testid="figure-${figure.name}" aria-labelledby="title-${figure.name}">
    <h2 id="title-${figure.name}">${figure.title}</h2>
    <p class="figure-summary" data-testid="summary-${figure.name}">${figure.summary}</p>
    ${figure.series.length === 0 ? nothing : html`${figure.hasLegend ? legend(figure, place) : nothing}${plotHost(figure, place, choose)}`}
    ${figure.table.rows.length === 0 ? nothing : tableTemplate(figure)}
  </section>`;
}

/**
 * @param {Figure} figure
 * @param {number} place
 */
function legend(figure, place) {
  const isByDay = figure.kind !== 'bars';
  return html`<div class="legend" data-testid="legend-${figure.name}">
    ${isByDay ? html`<span class="legend-when">${dayText(figure, place)}</span>` : nothing}
    <ul>
      ${figure.series.map(
        (series) =>
          html`<li data-status=${series.hue}>
            <span class="legend-mark">${icon(series.icon)}</span>${series.label}
            <b class="count">${figure.format(isByDay ? (series.values[place] ?? 0) : total(series))}</b>
          </li>`,
      )}
    </ul>
  </div>`;
}

/**
 * @param {Figure} figure
 * @param {number} place
 */
const dayText = (figure, place) => (place === figure.places.length - 1 ? 'Today so far' : figure.places[place]);

/**
 * Days are looked through with the arrow keys, like with the pointer.
 * @param {Figure} figure
 * @param {number} place
 * @param {(place: number|null) => void} choose
 */
function plotHost(figure, place, choose) {
  if (figure.kind === 'bars')
    return html`<div
      class="plot"
      data-loose
      data-plot=${figure.name}
      role="img"
      aria-label="${figure.title}, as bars. ${figure.summary}"
    ></div>`;
  const last = figure.places.length - 1;
  const key = (/** @type {KeyboardEvent} */ event) => {
    const step = STEPS[keyOf(event)];
    if (!step || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    choose(Math.max(0, Math.min(last, step(place, last))));
  };
  return html`<div
    class="plot"
    data-loose
    data-plot=${figure.name}
    tabindex="0"
    role="slider"
    aria-label="${figure.title}: day"
    aria-orientation="horizontal"
    aria-valuemin="0"
    aria-valuemax=${last}
    aria-valuenow=${place}
    aria-valuetext="${dayText(figure, place)}: ${spoken(figure, place)}"
    @keydown=${key}
    @blur=${() => choose(null)}
  ></div>`;
}

/**
 * @param {Figure} figure
 * @param {number} place
 */
const spoken = ({ series, format }, place) =>
  series.map(({ label, values }) => `${label} ${format(values[place] ?? 0)}`).join(', ');

/** @param {Figure} figure */
const tableTemplate = ({ name, title, table: { head, rows } }) =>
  html`<details class="figure-table">
    <summary data-testid="table-${name}">${title} as a table</summary>
    <div class="table-scroll" tabindex="0" role="region" aria-label="${title}, table">
      <table class="table">
        <thead>
          <tr>
            ${head.map((cell) => html`<th scope="col">${cell}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${rows.map(
            ([first, ...others]) =>
              html`<tr>
                <th scope="row">${first}</th>
                ${others.map((cell) => html`<td>${typeof cell === 'number' ? cell.toLocaleString('en') : cell}</td>`)}
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
  </details>`;

/** @param {Series} series */
const total = ({ values }) => values.reduce((sum, value) => sum + value, 0);
