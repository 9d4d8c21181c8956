// @ts-check
/** The dialog for a new task, from every page. What is typed survives closing and reloading. */

import { html, nothing } from '../vendor/lit-html/lit-html.js';
import { isSubmit } from '../lib/keys.js';
import { newKey } from '../lib/key.js';
import { DESCRIPTION_LIMIT, byteLength, fileProblem, formatBytes } from '../lib/text.js';
import { taskUrl } from '../router.js';
import { button } from './button.js';
import { createDialog, dialogHead } from './dialog.js';
import { dropZone } from './files.js';
import { icon } from './icons.js';
import { writer } from './writer.js';
import { isolated, quoted, oneLine } from '../lib/visible.js';

/** @import {Actions} from '../actions.js' */
/** @import {Drafts} from '../drafts.js' */
/** @import {Router} from '../router.js' */
/** @import {Notices} from './notices.js' */

const DRAFT = 'new-task';

/**
 * @typedef {{actions: Actions, drafts: Drafts, notices: Notices, router: Router, blocked: () => string|null, isLive: ()
 *   => boolean}} Surroundings
 */

/** @param {Surroundings} surroundings */
export function createNewTask({ actions, drafts, notices, router, blocked, isLive }) {
  /** @type {File[]} */
  let files = [];
  let preview = false;
  let isOver = false;
  let busy = false;
  let error = '';
  /** A second try of the same text is the same request. */
  let key = newKey();

  const dialog = createDialog('new-task-dialog', 'new-task-title', template);
  const text = () => drafts.get(DRAFT)?.text ?? '';
  const zone = dropZone(add, (over) => set(() => (isOver = over)));

  /** @param {() => void} change */
  function set(change) {
    change();
    dialog.draw();
  }

  /** @param {File[]} more */
  function add(more) {
    const problems = more.map((file) => [file.name, fileProblem(file)]).filter(([, problem]) => problem !== null);
    const good = more.filter((file) => fileProblem(file) === null);
    set(() => {
      files = [...files.filter((file) => !good.some((each) => each.name === file.name)), ...good];
      error = problems.map(([name, problem]) => `${quoted(name ?? '')}: ${problem}`).join(' ');
    });
  }

  /** @param {string} value */
  function typed(value) {
    drafts.set(DRAFT, value);
    key = newKey();
    set(() => (error = ''));
  }

  function problem() {
    if (text().trim() === '') return 'Describe the task first.';
    if (byteLength(text()) > DESCRIPTION_LIMIT)
      return `The description is ${formatBytes(byteLength(text()))}; at most 64 KiB are allowed. Attach the long part as a file.`;
    return blocked();
  }

  async function create() {
    if (busy) return;
    const wrong = problem();
    if (wrong !== null) return refuse(wrong);
    set(() => (busy = true));
    const [sent, taken] = [text(), files];
    const result = await actions.createTask(sent, taken, key);
    set(() => (busy = false));
    if ('id' in result) return created(result.id, sent, taken);
    if (dialog.element.open) return refuse(`The task was not created. ${result.error}`);
    notices.error('The task was not created.', { advice: `${result.error} What you typed is kept.` });
  }

  /** @param {string} reason */
  function refuse(reason) {
    set(() => {
      error = reason;
      preview = false;
    });
    /** @type {HTMLElement|null} */ (dialog.element.querySelector('textarea'))?.focus();
  }

  /**
   * What came to it meanwhile stays for another one.
   * @param {string} id
   * @param {string} sent
   * @param {readonly File[]} taken
   */
  function created(id, sent, taken) {
    if (text() === sent) drafts.clear(DRAFT);
    files = files.filter((file) => !taken.includes(file));
    key = newKey();
    dialog.close();
    const said = isLive() ? 'Task created' : 'Task created: saved, not yet shown';
    notices.success(said, { action: { label: 'Open', run: () => router.go(taskUrl(id)) }, lastsMs: 5000 });
  }

  function discard() {
    drafts.clear(DRAFT);
    files = [];
    set(() => (error = ''));
    dialog.close();
  }

  /** @param {KeyboardEvent} event */
  function onKey(event) {
    if (!isSubmit(event)) return;
    event.preventDefault();
    void create();
  }

  function template() {
    return html`<form
      class="drop-zone ${isOver ? 'is-over' : ''}"
      @submit=${(/** @type {Event} */ event) => (event.preventDefault(), void create())}
      @keydown=${onKey}
      @dragover=${zone.over}
      @dragleave=${zone.leave}
      @drop=${zone.drop}
      @paste=${zone.paste}
    >
      ${dialogHead('new-task-title', 'New task', dialog.close)}
      <div class="dialog-body">
        ${descriptionField()}
        ${error ? html`<p class="field-error" id="new-task-text-error" role="alert" data-testid="new-task-error">${icon('triangle-alert')}${error}</p>` : nothing}
        ${
          files.length > 0
            ? html`<ul class="files">
                ${files.map(fileRow)}
              </ul>`
            : nothing
        }
      </div>
      <div class="dialog-foot">
        <label class="button is-quiet file-choice"
          >${icon('paperclip')}Attach files<input
            type="file"
            multiple
            class="unseen"
            data-testid="new-task-files"
            @change=${zone.chosen}
        /></label>
        ${text() !== '' || files.length > 0 ? button({ label: 'Discard', look: 'is-quiet', run: discard, testid: 'new-task-discard' }) : nothing}
        <span class="grow"></span>
        ${button({ label: 'Cancel', run: () => dialog.close(), testid: 'new-task-cancel' })}
        ${button({ label: busy ? 'Creating…' : 'Create task', look: 'is-primary', key: 'Ctrl ↵', type: 'submit', run: () => {}, reason: blocked(), testid: 'new-task-create' })}
      </div>
    </form>`;
  }

  const descriptionField = () =>
    writer({
      id: 'new-task-text',
      label: 'Description',
      text: text(),
      preview,
      placeholder: 'What should be done? The first line becomes the title. Markdown works.',
      error,
      testid: 'new-task-description',
      onInput: typed,
      onTab: (next) => set(() => (preview = next)),
      redraw: dialog.draw,
    });

  /** @param {File} file */
  const fileRow = (file) =>
    html`<li class="file" data-testid="new-task-file">
      ${icon('file')}<bdi class="file-name">${oneLine(file.name)}</bdi
      ><span class="file-note">${formatBytes(file.size)}</span>
      ${button({ label: `Remove ${isolated(oneLine(file.name))}`, icon: 'x', iconOnly: true, look: 'is-quiet is-small', run: () => set(() => (files = files.filter((each) => each !== file))) })}
    </li>`;

  return {
    open() {
      preview = false;
      error = '';
      dialog.open();
      /** @type {HTMLElement|null} */ (dialog.element.querySelector('textarea'))?.focus();
    },
    /** The connection changed: the button says whether it can work. */
    refresh: dialog.refresh,
  };
}
