// @ts-check
/**
 * The output of one run: it follows what comes until somebody scrolls up, reads further back as far as it goes, and is
 * searched.
 */

import { html, nothing } from '../../vendor/lit-html/lit-html.js';
import { live } from '../../vendor/lit-html/directives/live.js';
import { repeat } from '../../vendor/lit-html/directives/repeat.js';
import { button } from '../../elements/button.js';
import { copy } from '../../elements/copy.js';
import { icon } from '../../elements/icons.js';
import { blockOf, isHeadOpen, joined, lastOf, withWholeHead } from '../../lib/blocks.js';
import {
  FOLLOW,
  PAGE,
  newerAtHand,
  olderQuery,
  pair,
  pausedAt,
  shownOf,
  transcript,
  unseen,
  withFound,
  withNewer,
  withOlder,
} from '../../lib/output.js';
import { isUnfinished } from '../../lib/runs.js';
import { plural } from '../../lib/text.js';
import { isolated, oneLine } from '../../lib/visible.js';
import { wantsOlderOutput } from '../../part-kinds.js';
import { failedPart } from './failed-part.js';
import { recordTemplate } from './record.js';
import { named } from '../../elements/named.js';

/** @import {App} from '../../app.js' */
/** @import {Reading} from '../../lib/output.js' */
/** @import {OutputData, OutputPage, OutputRecord, Run} from '../../types.js' */

const NEAR_PX = 300;
const END_PX = 24;
const SEARCH_AFTER_MS = 300;
const HITS = 100;
const ANCHORS = 5;
/** Pages that are read to find where a long answer began. */
const MAX_HEAD_PAGES = 8;

/**
 * @typedef {{q: string, last: number, from: number, hasMore: boolean, records: OutputRecord[]}} Search what the server
 *   has found up to record `last`
 */

/**
 * @param {App} app
 * @param {string} id of the run
 */
export function createOutput(app, id) {
  const { store, painter, actions } = app;
  const part = /** @type {const} */ (`output:${id}`);
  const release = app.live.openPart(part);
  /** @type {Reading} */
  let reading = FOLLOW;
  /** @type {{q: string, found: Search|null, timer: any}} */
  const search = { q: '', found: null, timer: null };
  /** A page that is on its way. */
  let isAsking = false;
  /**
   * Records that stay where they are while others come before them; a result may vanish into its call.
   * @type {{n: string, to: string, top: number, bottom: number}[]}
   */
  let anchors = [];
  /** What was shown last; the epoch names its numbering. */
  let epoch = '';

  const list = () => /** @type {HTMLElement|null} */ (document.getElementById(`output-${id}`));
  const tailOf = () => store.part(part).data;

  /* ------------------------------------------------------------ moving */

  /** @param {Reading} next */
  function read(next) {
    noteAnchor();
    reading = next;
    painter.request();
  }

  /** @param {OutputData} tail */
  function pause(tail) {
    if (reading.mode === 'follow') read(pausedAt(shownOf(reading, tail)));
  }

  function follow() {
    clearSearch();
    reading = FOLLOW;
    painter.request();
  }

  function noteAnchor() {
    const box = list();
    const top = box?.getBoundingClientRect().top ?? 0;
    const entries = /** @type {HTMLElement[]} */ ([...(box?.querySelectorAll('[data-n]') ?? [])]);
    const first = entries.findIndex((entry) => entry.getBoundingClientRect().bottom > top);
    anchors = entries
      .slice(Math.max(0, first))
      .slice(0, ANCHORS)
      .map((entry) => {
        const place = entry.getBoundingClientRect();
        const { n = '', to = '' } = entry.dataset;
        return { n, to, top: place.top - top, bottom: place.bottom - top };
      });
  }

  /** What grew at its front, by what was read before it, stays where its end was. @param {HTMLElement} box */
  function restore(box) {
    for (const { n, to, top, bottom } of anchors) {
      const same = box.querySelector(`[data-n="${n}"]`);
      const entry = same ?? box.querySelector(`[data-to="${to}"]`);
      if (!entry) continue;
      const place = entry.getBoundingClientRect();
      const moved = same ? place.top - top : place.bottom - bottom;
      return void (box.scrollTop += moved - box.getBoundingClientRect().top);
    }
  }

  function onScroll() {
    const box = list();
    const tail = tailOf();
    if (!box || !tail || search.found) return;
    const below = box.scrollHeight - box.scrollTop - box.clientHeight;
    if (below <= END_PX && unseen(reading, tail) === 0) return reading.mode === 'follow' ? undefined : follow();
    pause(tail);
    if (box.scrollTop < NEAR_PX) void older(tail);
    else if (below < NEAR_PX) void newer(tail);
  }

  /** @param {OutputData} tail */
  async function older(tail) {
    if (reading.mode !== 'paused') return;
    const before = reading;
    const query = olderQuery(before.records, tail);
    const page = query && (await ask(query));
    if (!page || reading !== before) return;
    const shown = await withHead(withOlder(before.records, page.records, page.first), page.first);
    if (reading === before) read(pausedAt(shown));
  }

  /**
   * With the beginning of its first block, where that can be found.
   * @param {OutputRecord[]} blocks
   * @param {number} first
   */
  async function withHead(blocks, first) {
    let whole = blocks;
    for (let pages = 0; isHeadOpen(whole, first) && pages < MAX_HEAD_PAGES; pages += 1) {
      const begin = whole[0]?.n ?? first;
      const start = Math.max(first, begin - PAGE);
      const page = await ask({ since: start - 1, limit: begin - start });
      if (page?.records.at(-1)?.n !== begin - 1) break;
      const all = joined(joined([], page.records), whole);
      if (all.length > whole.length) return all.slice(-whole.length);
      whole = all;
    }
    return whole;
  }

  /** @param {OutputData} tail */
  async function newer(tail) {
    if (reading.mode !== 'paused' || unseen(reading, tail) === 0) return;
    const end = reading.records.at(-1);
    const records =
      newerAtHand(reading.records, tail) ?? (await ask({ since: end ? lastOf(end) : 0, limit: PAGE }))?.records;
    if (records && reading.mode === 'paused') read(pausedAt(withNewer(reading.records, records)));
  }

  /**
   * One page at a time.
   * @param {Record<string, string|number>} query
   * @returns {Promise<OutputPage|null>}
   */
  async function ask(query) {
    if (isAsking) return null;
    isAsking = true;
    painter.request();
    const page = await actions.readOutput(id, query);
    isAsking = false;
    painter.request();
    return page && (page.epoch === epoch || epoch === '') ? page : null;
  }

  /* ------------------------------------------------------------ searching */

  /** @param {Event} event */
  function onSearch(event) {
    search.q = /** @type {HTMLInputElement} */ (event.target).value;
    clearTimeout(search.timer);
    if (search.q.trim() === '') clearSearch();
    else search.timer = setTimeout(() => void find(), SEARCH_AFTER_MS);
    painter.request();
  }

  function clearSearch() {
    clearTimeout(search.timer);
    Object.assign(search, { q: '', found: null });
  }

  /**
   * Looks back until it has a page of hits, or has looked at all.
   * @param {Search|null} [before] goes on with this one, further back
   */
  async function find(before = null) {
    const { q } = search;
    const enough = HITS + (before?.records.length ?? 0);
    for (let found = before; !found || (found.hasMore && found.records.length < enough);) {
      const page = await actions.readOutput(id, { q, limit: HITS, ...(found ? { before: found.from } : {}) });
      if (!page || q !== search.q) return;
      const records = [...page.records, ...(found?.records ?? [])];
      found = { q, last: found?.last ?? page.last, from: page.from, hasMore: page.hasMore, records };
      search.found = found;
      painter.request();
    }
  }

  /** @param {OutputRecord} record */
  async function showAround({ n }) {
    const page = await ask({ since: Math.max(0, n - 1 - PAGE / 2), limit: PAGE });
    if (!page) return;
    const records = withWholeHead(joined([], page.records), page.first);
    const blocks = blockOf(records, n) ? records : joined([], page.records);
    const at = blockOf(blocks, n)?.n === blocks[0]?.n ? await withHead(blocks, page.first) : blocks;
    clearSearch();
    reading = pausedAt(at);
    const place = String(blockOf(at, n)?.n ?? n);
    anchors = [{ n: place, to: '', top: NEAR_PX / 3, bottom: 0 }];
    painter.request(() =>
      /** @type {HTMLElement|null} */ (list()?.querySelector(`[data-n="${place}"]`))?.focus({ preventScroll: true }),
    );
  }

  /**
   * Whether what is found so far is all, with what has come since.
   * @param {Search} found
   * @param {OutputData} tail
   */
  const hitsOf = (found, tail) =>
    withFound(
      found.records,
      tail.records.filter((block) => lastOf(block) > found.last),
      found.q,
    );

  /* ------------------------------------------------------------ drawing */

  /**
   * @param {OutputRecord[]} shown
   * @param {OutputData} tail
   */
  const toolsTemplate = (shown, tail) =>
    html`<div class="output-tools">
      <input
        type="search"
        class="input"
        dir="auto"
        maxlength="200"
        placeholder="Search"
        aria-label="Search the output"
        data-testid="output-search"
        .value=${live(search.q)}
        @input=${onSearch}
      />
      ${reading.mode === 'follow' && !search.found ? html`<span class="section-note" data-testid="output-following">${icon('radio')}Following</span>` : followTemplate(tail)}
      ${navigator.clipboard ? button({ label: 'Copy what is shown', icon: 'copy', iconOnly: true, look: 'is-quiet is-small', run: () => void copy(app, transcript(shown), `Copied ${plural(shown.length, 'record')}.`), testid: 'output-copy' }) : nothing}
    </div>`;

  /** @param {OutputData} tail */
  function followTemplate(tail) {
    const count = unseen(reading, tail);
    return button({
      label: count > 0 ? `${count.toLocaleString('en')} new` : 'To the end',
      icon: 'arrow-down',
      look: 'is-small',
      run: follow,
      testid: 'output-follow',
    });
  }

  /**
   * @param {Search} found
   * @param {OutputRecord[]} hits
   */
  const foundTemplate = (found, hits) =>
    html`<p class="soft" role="status" data-testid="output-found">
        ${plural(hits.length, 'record')} with “${named(found.q)}”${found.hasMore ? ' so far' : ''}.
      </p>
      ${found.hasMore ? button({ label: 'Look further back', icon: 'history', look: 'is-small', run: () => void find(found), testid: 'output-further' }) : nothing}`;

  /**
   * @param {OutputRecord[]} shown
   * @param {OutputData} tail
   */
  function edgeTemplate(shown, tail) {
    if (isAsking) return html`<p class="soft">Fetching…</p>`;
    if ((shown[0]?.n ?? 1) > tail.first)
      return button({
        label: 'Earlier',
        icon: 'history',
        look: 'is-small is-quiet',
        run: () => earlier(tail),
        testid: 'output-earlier',
      });
    return tail.first > 1 ? html`<p class="soft">${plural(tail.first - 1, 'earlier record')} not kept.</p>` : nothing;
  }

  /** @param {OutputData} tail */
  function earlier(tail) {
    pause(tail);
    void older(tail);
  }

  /** A fold that is opened must not run away from its reader. @param {Event} event */
  function onClick(event) {
    const tail = tailOf();
    if (tail && /** @type {Element} */ (event.target).closest('summary')) pause(tail);
  }

  /**
   * @param {Run} run
   * @param {OutputData} tail
   */
  function body(run, tail) {
    const found = search.found;
    const shown = found ? hitsOf(found, tail) : shownOf(reading, tail);
    const { results, paired } = pair(found ? [] : shown);
    const isWorking = isUnfinished(run.state);
    return html`${toolsTemplate(shown, tail)}
      <div
        class="output-list"
        id="output-${id}"
        tabindex="0"
        role="group"
        aria-label="Output of ${isolated(oneLine(run.agentName))}"
        data-testid="output-list"
        data-last=${tail.last}
        data-mode=${found ? 'search' : reading.mode}
        @scroll=${onScroll}
        @click=${onClick}
      >
        ${found ? foundTemplate(found, shown) : edgeTemplate(shown, tail)}
        <ol class="records">
          ${repeat(
            shown.filter(({ n }) => !paired.has(n)),
            ({ n }) => n,
            (record) =>
              recordTemplate(
                app,
                record,
                results.get(record.n) ?? null,
                isWorking,
                found ? () => void showAround(record) : null,
              ),
          )}
        </ol>
        ${tail.newest === 0 ? html`<p class="soft">${isWorking ? 'Nothing yet.' : 'It said nothing.'}</p>` : nothing}
      </div>`;
  }

  /** A run whose numbers mean something else now begins anew. @param {OutputData} tail */
  function keepEpoch(tail) {
    if (tail.epoch === epoch) return;
    if (epoch !== '') reading = FOLLOW;
    epoch = tail.epoch;
  }

  return {
    /** @param {Run} run */
    template(run) {
      const { data, status, error } = store.part(part);
      if (data) keepEpoch(data);
      return html`<div class="output" data-testid="output" data-run-id=${id}>
        ${status === 'error' ? failedPart('The output', error, () => app.live.retryPart(part)) : nothing}
        ${data ? body(run, data) : status === 'loading' ? html`<p class="soft">Fetching…</p>` : nothing}
      </div>`;
    },
    /** The end stays in sight while it follows; else what is read stays where it is. */
    painted() {
      const tail = tailOf();
      if (tail && wantsOlderOutput(tail)) app.live.loadOlder(part);
      const box = list();
      if (!box || search.found) return;
      if (reading.mode === 'follow') box.scrollTop = box.scrollHeight;
      else restore(box);
      anchors = [];
    },
    leave() {
      clearTimeout(search.timer);
      release();
    },
  };
}
