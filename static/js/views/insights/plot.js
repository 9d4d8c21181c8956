// @ts-check
/** A figure as a uPlot: stacked areas, columns and lying bars, in the colours of the theme. */

import './language.js';
import uPlot from '../../vendor/uplot/uPlot.esm.js';
import { shorten } from '../../lib/text.js';
import { STATUSES } from '../../words.js';

/** @import {Figure, Series} from './figures.js' */
/** @import {StatusWord} from '../../types.js' */

/**
 * @typedef {{ink: string, line: string, fill: Record<StatusWord, string>, stroke: Record<StatusWord, string>}} Palette
 */
/** @typedef {{hue: StatusWord, side: Series['side'], values: (number|null)[]}} Layer */

const AREA_HEIGHT = 280;
const COLUMNS_HEIGHT = 220;
const BAR_HEIGHT = 30;
const SCALE_HEIGHT = 28;
const FONT = '12px system-ui, sans-serif';
const LABEL_PX = 56;
const LETTER_PX = 6.6;
const LONGEST_NAME = 26;

/** What the browser makes of the tokens: a canvas knows no custom properties. @returns {Palette} */
export function readPalette() {
  const probe = document.body.appendChild(document.createElement('span'));
  probe.style.transition = 'none'; // else each colour would be on its way from the one before
  const colour = (/** @type {string} */ value) => {
    probe.style.color = value;
    return getComputedStyle(probe).color;
  };
  const hues = (/** @type {(status: string) => string} */ of) =>
    /** @type {Record<StatusWord, string>} */ (
      Object.fromEntries(STATUSES.map((status) => [status, colour(of(status))]))
    );
  const palette = {
    ink: colour('var(--ink-soft)'),
    line: colour('color-mix(in srgb, var(--line-strong) 30%, transparent)'),
    fill: hues((status) => `color-mix(in srgb, var(--${status}) 62%, var(--surface))`),
    stroke: hues((status) => `var(--${status})`),
  };
  probe.remove();
  return palette;
}

/**
 * The highest first, so that each lower one is painted over it. Of nothing there is no bar.
 * @param {Figure} figure
 * @returns {Layer[]}
 */
export function layersOf({ kind, series, places }) {
  const sums = { '-1': places.map(() => 0), 0: places.map(() => 0), 1: places.map(() => 0) };
  const layers = series.map(({ hue, side, values }) => {
    const tops = sums[side].map((sum, n) => sum + (values[n] ?? 0));
    sums[side] = tops;
    return { hue, side, values: kind === 'area' ? tops : tops.map((top, n) => (values[n] ? top : null)) };
  });
  return layers.reverse();
}

/**
 * @param {Figure} figure
 * @returns {uPlot.AlignedData}
 */
export const dataOf = (figure) => [figure.places.map((_, n) => n), ...layersOf(figure).map(({ values }) => values)];

/** @param {Figure} figure */
export function heightOf({ kind, places }) {
  if (kind === 'area') return AREA_HEIGHT;
  return kind === 'columns' ? COLUMNS_HEIGHT : places.length * BAR_HEIGHT + SCALE_HEIGHT;
}

/**
 * @param {HTMLElement} host
 * @param {Figure} figure
 * @param {Palette} palette
 * @param {(place: number|null) => void} choose the pointer is over a place, or over none
 */
export function createPlot(host, figure, palette, choose) {
  const { kind } = figure;
  const lies = kind === 'bars';
  const last = figure.places.length - 1;
  const margin = kind === 'area' ? 0 : 0.5;
  return new uPlot(
    {
      width: host.clientWidth,
      height: heightOf(figure),
      padding: [8, 28, 0, 0],
      legend: { show: false },
      drawOrder: /** @type {uPlot.DrawOrderKey[]} */ (['series', 'axes']),
      cursor: { show: !lies, y: false, points: { show: false }, drag: { x: false, y: false, setScale: false } },
      scales: {
        x: { time: false, range: [-margin, last + margin], ori: lies ? 1 : 0, dir: lies ? -1 : 1 },
        y: {
          range: (_plot, _min, max) => [0, Math.max(max * 1.06, figure.steps === undefined ? 0.01 : 1)],
          ori: lies ? 0 : 1,
        },
      },
      axes: [placeAxis(figure, palette), valueAxis(figure, palette)],
      series: [{}, ...layersOf(figure).map((layer) => seriesOf(layer, figure, palette))],
      hooks: { setCursor: [(plot) => choose(plot.cursor.idx ?? null)] },
    },
    dataOf(figure),
    host,
  );
}

/**
 * @param {Layer} layer
 * @param {Figure} figure
 * @param {Palette} palette
 * @returns {uPlot.Series}
 */
function seriesOf({ hue, side }, { kind }, palette) {
  const look = { fill: palette.fill[hue], stroke: palette.stroke[hue], width: 1, points: { show: false } };
  if (kind === 'area') return look;
  const size = /** @type {[number, number]} */ (kind === 'bars' ? [0.66, 24] : [0.4, 28]);
  return {
    ...look,
    paths: /** @type {uPlot.Series.BarsPathBuilderFactory} */ (uPlot.paths.bars)({ size, align: side }),
  };
}

/**
 * @param {Figure} figure
 * @param {Palette} palette
 * @returns {uPlot.Axis}
 */
function placeAxis({ kind, places }, palette) {
  const look = { stroke: palette.ink, font: FONT, grid: { show: false }, ticks: { show: false } };
  if (kind === 'bars') {
    const names = places.map((place) => shorten(place, LONGEST_NAME));
    const size = Math.max(...names.map((name) => name.length)) * LETTER_PX + 14;
    return { ...look, side: 3, size, splits: () => names.map((_, n) => n), values: () => names };
  }
  return {
    ...look,
    size: SCALE_HEIGHT,
    splits: (plot) => daysWithName(places.length, plot.width),
    values: (_plot, splits) => splits.map((n) => places[n] ?? ''),
  };
}

/**
 * As many as have room; the last is always one.
 * @param {number} count
 * @param {number} width
 */
export function daysWithName(count, width) {
  const step = Math.max(1, Math.ceil((count * LABEL_PX) / Math.max(width - 2 * LABEL_PX, LABEL_PX)));
  return Array.from({ length: count }, (_, n) => n).filter((n) => (count - 1 - n) % step === 0);
}

/**
 * @param {Figure} figure
 * @param {Palette} palette
 * @returns {uPlot.Axis}
 */
function valueAxis({ kind, format, steps }, palette) {
  const lies = kind === 'bars';
  return {
    stroke: palette.ink,
    font: FONT,
    side: lies ? 2 : 3,
    size: lies ? SCALE_HEIGHT : 48,
    space: lies ? 64 : 40,
    grid: { stroke: palette.line, width: 1 },
    ticks: { show: false },
    ...(steps ? { incrs: steps } : {}),
    values: (_plot, splits) => splits.map(format),
  };
}
