// @ts-check
/**
 * Shows a text as Markdown, in sections: each is drawn when it changes, and a long text over several frames. Plain until
 * the parser is there, for as long as it cannot be fetched, and where a parser would take too long.
 *
 * What people and agents have written may be translated by the browser, the page around it not.
 */

import { html, noChange, nothing } from '../vendor/lit-html/lit-html.js';
import { Directive, directive } from '../vendor/lit-html/directive.js';
import { NO_SECTIONS, SHOWN_CHARACTERS, plainSectionsOf, sectionsOf } from '../lib/sections.js';
import { createTurns } from '../lib/turns.js';
import { visible } from '../lib/visible.js';
import { button } from './button.js';

/** @import {Section, Sections} from '../lib/sections.js' */

/** @type {((source: string, level: number) => DocumentFragment)|null} */
let parse = null;
/** @type {Promise<void>|null} */
let loading = null;
const turns = createTurns(() => performance.now());

/** @param {() => void} onReady */
async function load(onReady) {
  try {
    ({ markdownOf: parse } = await import('../lib/markdown.js'));
    onReady();
  } catch {
    loading = null;
  }
}

/** @param {Section} section */
const plain = ({ source, why }) =>
  html`${why ? html`<p class="soft" data-testid="shown-plain">Shown as plain text: ${why}.</p>` : nothing}
    <p class="plain" dir="auto">${source}</p>`;

/**
 * @param {Section} section
 * @param {string} definitions of links, from the whole text
 */
function sectionTemplate(section, definitions) {
  if (section.kind === 'code')
    return html`<pre class=${section.isMore ? 'is-more' : ''} dir="auto"><code>${section.source}</code></pre>`;
  if (section.kind === 'plain' || !parse) return plain(section);
  try {
    const isNaming = definitions !== '' && section.source.includes('[');
    return parse(isNaming ? `${section.source}\n\n${definitions}` : section.source, section.level);
  } catch {
    return plain({ ...section, why: 'it could not be laid out' });
  }
}

class SectionDirective extends Directive {
  /** What is shown. @type {unknown[]} */
  #shown = [];

  /**
   * @param {Section} section
   * @param {string} definitions
   * @param {() => void} redraw
   */
  render(section, definitions, redraw) {
    const { kind, source, why, level, isMore } = section;
    const wanted = [kind, source, why, level, isMore, definitions, kind === 'markdown' && parse];
    if (wanted.every((each, index) => each === this.#shown[index])) return noChange;
    if (!turns.take(source.length)) {
      redraw();
      return this.#shown.length > 0 ? noChange : nothing;
    }
    this.#shown = wanted;
    return sectionTemplate(section, definitions);
  }
}

const sectionDirective = directive(SectionDirective);

/**
 * A long text without any signs of Markdown, in sections all the same.
 * @param {string} text
 * @param {() => void} onReady draws again
 */
export const longText = (text, onReady) => html`<div class="long-text">${textDirective(text, onReady, false)}</div>`;

class TextDirective extends Directive {
  #text = '';
  #most = SHOWN_CHARACTERS;
  /** @type {Sections} */
  #known = NO_SECTIONS;

  /**
   * @param {string} text
   * @param {() => void} redraw
   * @param {boolean} isMarkdown
   */
  render(text, redraw, isMarkdown) {
    if (text !== this.#text) this.#read(text, isMarkdown);
    const { sections, definitions, isCut } = this.#known;
    const names = sections.length > 1 ? definitions : '';
    const more = () => {
      this.#most += SHOWN_CHARACTERS;
      this.#read(text, isMarkdown);
      redraw();
    };
    return html`${sections.map((section) => sectionDirective(section, names, redraw))}${isCut ? button({ label: 'Show more', look: 'is-small', run: more, testid: 'show-more' }) : nothing}`;
  }

  /**
   * @param {string} text
   * @param {boolean} isMarkdown
   */
  #read(text, isMarkdown) {
    this.#text = text;
    this.#known = (isMarkdown ? sectionsOf : plainSectionsOf)(visible(text), this.#known, this.#most);
  }
}

const textDirective = directive(TextDirective);

/**
 * @param {string} text
 * @param {() => void} onReady draws again
 */
export function markdown(text, onReady) {
  if (parse === null) loading ??= load(onReady);
  return html`<div class="markdown" dir="auto" translate=${parse ? 'yes' : 'no'}>
    ${textDirective(text, onReady, true)}
  </div>`;
}
