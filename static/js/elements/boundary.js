// @ts-check
/**
 * Keeps what cannot be drawn from stopping the rest of the page: in its place stands a notice, and the text it was to
 * show.
 */

import { html, noChange, nothing } from '../vendor/lit-html/lit-html.js';
import { Directive, directive } from '../vendor/lit-html/directive.js';
import { clearPart, setChildPartValue, setCommittedValue } from '../vendor/lit-html/directive-helpers.js';
import { visible } from '../lib/visible.js';

/** @import {ChildPart} from '../vendor/lit-html/lit-html.js' */

const MAX_CHARACTERS = 10_000;

/**
 * @param {string} what
 * @param {string} text
 */
const failure = (what, text) =>
  html`<div class="undrawn" role="note" data-testid="undrawn">
    <p class="soft">${what} could not be drawn. The rest of the page goes on.</p>
    ${text ? html`<p class="plain" dir="auto">${visible(text.slice(0, MAX_CHARACTERS))}</p>` : nothing}
  </div>`;

class BoundaryDirective extends Directive {
  #hasFailed = false;

  /**
   * @param {string} _what
   * @param {() => unknown} draw
   * @param {() => string} _text
   * @returns {unknown}
   */
  render(_what, draw, _text) {
    return draw();
  }

  /**
   * @override
   * @param {ChildPart} part
   * @param {[string, () => unknown, () => string]} values
   */
  update(part, [what, draw, text]) {
    try {
      if (this.#hasFailed) clear(part);
      setChildPartValue(part, draw(), this);
      this.#hasFailed = false;
    } catch (error) {
      if (!this.#hasFailed) console.warn(`${what} could not be drawn:`, error);
      this.#hasFailed = true;
      clear(part);
      setChildPartValue(part, failure(what, said(text)), this);
    }
    return noChange;
  }
}

/** What was drawn halfway is thrown away, and lit-html forgets it. @param {ChildPart} part */
function clear(part) {
  clearPart(part);
  setCommittedValue(part, nothing);
}

/** @param {() => string} text */
function said(text) {
  try {
    return text();
  } catch {
    return '';
  }
}

const boundaryDirective = directive(BoundaryDirective);

/**
 * @param {string} what as a sentence begins: `This record`
 * @param {() => unknown} draw
 * @param {() => string} [text] what is shown plainly where it cannot be drawn
 */
export const boundary = (what, draw, text = () => '') => boundaryDirective(what, draw, text);
