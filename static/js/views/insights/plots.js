// @ts-check
/** The plots on the page: made, filled anew, resized, recoloured and taken away as the page needs it. */

import { createPlot, dataOf, heightOf, readPalette } from './plot.js';

/** @import {Figure} from './figures.js' */
/** @import {Palette} from './plot.js' */

/** @typedef {{host: HTMLElement, made: string, data: string, plot: ReturnType<typeof createPlot>}} Shown */

/**
 * @param {(place: number|null) => void} choose
 * @param {() => void} redraw
 */
export function createPlots(choose, redraw) {
  /** @type {Map<string, Shown>} */
  const shown = new Map();
  const sizes = new ResizeObserver(() => redraw());
  const theme = matchMedia('(prefers-color-scheme: dark)');
  theme.addEventListener('change', redraw);

  /** @param {string} name */
  function remove(name) {
    const old = shown.get(name);
    if (!old) return;
    sizes.unobserve(old.host);
    old.plot.destroy();
    shown.delete(name);
  }

  /**
   * @param {Figure} figure
   * @param {Palette} palette
   */
  function showOne(figure, palette) {
    const host = /** @type {HTMLElement} */ (document.querySelector(`[data-plot="${figure.name}"]`));
    const made = JSON.stringify([palette, figure.places, figure.series.map(({ hue }) => hue)]);
    const data = JSON.stringify(dataOf(figure));
    let one = shown.get(figure.name);
    if (one?.host !== host || one.made !== made) {
      remove(figure.name);
      one = { host, made, data, plot: createPlot(host, figure, palette, choose) };
      shown.set(figure.name, one);
      sizes.observe(host);
    }
    if (one.data !== data) one.plot.setData(dataOf(figure));
    one.data = data;
    if (one.plot.width !== host.clientWidth) one.plot.setSize({ width: host.clientWidth, height: heightOf(figure) });
  }

  /**
   * The line of the day that the keys, or the pointer in another plot, have chosen.
   * @param {Figure} figure
   * @param {number|null} chosen
   */
  function point({ name, kind }, chosen) {
    const plot = shown.get(name)?.plot;
    if (!plot || kind === 'bars' || (plot.cursor.idx ?? null) === chosen) return;
    plot.setCursor(chosen === null ? { left: -10, top: -10 } : { left: plot.valToPos(chosen, 'x'), top: 0 });
  }

  return {
    /**
     * @param {Figure[]} figures
     * @param {number|null} chosen
     */
    show(figures, chosen) {
      const plotted = figures.filter(({ series }) => series.length > 0);
      for (const name of [...shown.keys()]) if (!plotted.some((figure) => figure.name === name)) remove(name);
      const palette = plotted.length > 0 ? readPalette() : null;
      for (const figure of plotted) {
        if (palette) showOne(figure, palette);
        point(figure, chosen);
      }
    },
    close() {
      theme.removeEventListener('change', redraw);
      sizes.disconnect();
      for (const name of [...shown.keys()]) remove(name);
    },
  };
}
