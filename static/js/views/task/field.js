// @ts-check
/**
 * One text or list of a task, shown and edited in place.
 * What is typed is a draft from the first key on; a change by somebody else never overwrites it: the person chooses.
 */

import { html, nothing } from '../../vendor/lit-html/lit-html.js';
import { button } from '../../elements/button.js';
import { icon } from '../../elements/icons.js';
import { markdown } from '../../elements/markdown.js';
import { writer } from '../../elements/writer.js';
import { isSameValue, problemOf, tidy, valueOf } from '../../lib/fields.js';
import { isSubmit, keyOf } from '../../lib/keys.js';
import { conflictTemplate } from './conflict.js';
import { listEditor } from './list-editor.js';
import { shownText } from '../../lib/visible.js';

/** @import {App} from '../../app.js' */
/** @import {FieldChange} from '../../actions.js' */
/** @import {Field, FieldValue} from '../../lib/fields.js' */
/** @import {FullTask, Task} from '../../types.js' */

/**
 * @typedef {{value: FieldValue, version: number, base: FieldValue}} Edit `base`: the value that the person began with
 */

const DISCARD_UNDO_MS = 15_000;

/**
 * @param {App} app
 * @param {string} id of the task
 * @param {Field} field
 */
export function createField(app, id, field) {
  const { drafts, actions, notices, painter, saving } = app;
  const draftKey = `task:${id}:${field.name}`;
  let preview = false;
  let error = '';
  /** Somebody else's version, while the person decides. @type {Task|null} */
  let theirs = null;
  /**
   * What was sent last: shown until its event arrives, so that the old text does not flash up.
   * @type {FieldValue|null}
   */
  let sent = null;

  /** @returns {Edit|null} */
  function edit() {
    const draft = drafts.get(draftKey);
    return draft ? { value: JSON.parse(draft.text), ...draft.base } : null;
  }

  /** @param {Edit} next */
  function keep({ value, version, base }) {
    drafts.set(draftKey, JSON.stringify(value), { version, base });
    painter.request();
  }

  /** @param {Task} task */
  function begin(task) {
    const value = valueOf(task, field);
    keep({ value: field.kind === 'list' && value.length === 0 ? [''] : value, version: task.version, base: value });
    painter.request(() => focusEditor(0));
  }

  /** @param {number} index of the item */
  const focusEditor = (index) =>
    /** @type {HTMLElement|undefined} */ (
      document.querySelectorAll(`[data-section="${field.name}"] textarea`)[index]
    )?.focus();

  /** @param {FieldValue} value */
  function typed(value) {
    const current = edit();
    error = '';
    if (current) keep({ ...current, value });
  }

  /** @param {(items: string[]) => string[]} change */
  function changeItems(change) {
    const value = edit()?.value;
    if (Array.isArray(value)) typed(change(value));
  }

  /** @param {number} index */
  function focusItem(index) {
    painter.now();
    focusEditor(index);
  }

  function close() {
    drafts.clear(draftKey);
    theirs = null;
    error = '';
    preview = false;
    painter.request(() =>
      /** @type {HTMLElement|null} */ (document.querySelector(`[data-testid="edit-${field.name}"]`))?.focus(),
    );
  }

  /** A slip must not cost the text. */
  function cancel() {
    const dropped = edit();
    close();
    if (!dropped || isSameValue(tidy(dropped.value), dropped.base)) return;
    notices.info(`Your edit of “${field.label}” was discarded`, {
      action: { label: 'Undo', run: () => reopen(dropped) },
      lastsMs: DISCARD_UNDO_MS,
      unique: true,
    });
  }

  /** @param {Edit} dropped */
  function reopen(dropped) {
    keep(dropped);
    painter.request(() => focusEditor(0));
  }

  /** @param {number} [version] that the person has seen */
  async function save(version = edit()?.version ?? 0) {
    const current = edit();
    if (!current || saving.of(draftKey)) return;
    const value = tidy(current.value);
    error = app.blocked() ?? problemOf(field, value) ?? '';
    if (error) return painter.request();
    if (isSameValue(value, current.base) && !theirs) return close();
    sent = value;
    const outcome = await actions.saveField(id, /** @type {FieldChange} */ ({ [field.name]: value }), version);
    if (outcome.result === 'saved') saved(value, outcome.task);
    if (outcome.result === 'stale') theirs = outcome.current;
    painter.request();
  }

  /**
   * What was typed meanwhile is an edit of what is there now.
   * @param {FieldValue} value as it was sent
   * @param {Task} task
   */
  function saved(value, task) {
    const current = edit();
    if (!current || isSameValue(tidy(current.value), value)) return close();
    theirs = null;
    keep({ value: current.value, version: task.version, base: valueOf(task, field) });
  }

  /** @param {KeyboardEvent} event */
  function onKey(event) {
    if (isSubmit(event)) void save();
    else if (keyOf(event) === 'Escape') cancel();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /* ------------------------------------------------------------ drawing */

  /** @param {FullTask} full */
  function template({ task, complete }) {
    const current = edit();
    if (!task) return nothing;
    return html`<section
      class="section"
      data-section=${field.name}
      data-testid="field-${field.name}"
      aria-labelledby="title-${field.name}"
    >
      <div class="section-head">
        <h2 id="title-${field.name}">${field.label}</h2>
        ${current ? nothing : viewTools(task, complete)}
      </div>
      ${current ? editor(current, task) : view(task, complete)}
    </section>`;
  }

  /**
   * @param {Task} task
   * @param {boolean} complete
   */
  function viewTools(task, complete) {
    const progress = saving.of(draftKey)?.says ?? null;
    const reason =
      progress ??
      app.blocked() ??
      (task.archivedAt === null ? null : 'Archived tasks cannot be edited; reopen it first.') ??
      (complete ? null : 'The full text is still being fetched.');
    const note = progress
      ? html`<span class="section-note">${icon('loader-circle', 'spin')}${progress}</span>`
      : nothing;
    return html`${note}${button({ label: 'Edit', icon: 'pencil', look: 'is-quiet is-small', reason, run: () => begin(task), testid: `edit-${field.name}`, title: `Edit ${field.label.toLowerCase()}` })}`;
  }

  /**
   * @param {Task} task
   * @param {boolean} complete
   */
  function view(task, complete) {
    const value = saving.of(draftKey) && sent !== null ? sent : valueOf(task, field);
    if (value.length === 0) return html`<p class="soft">${field.empty}</p>`;
    const cut =
      !complete && task.truncated.includes(field.name)
        ? html`<p class="field-note">${icon('loader-circle', 'spin')}<span>Fetching the rest…</span></p>`
        : nothing;
    if (typeof value === 'string') return html`${markdown(value, painter.request)}${cut}`;
    const items = value.map((item) => html`<li dir="auto">${shownText(item)}</li>`);
    return html`${
      field.ordered
        ? html`<ol class="steps">
            ${items}
          </ol>`
        : html`<ul class="points">
            ${items}
          </ul>`
    }${cut}`;
  }

  /**
   * @param {Edit} current
   * @param {Task} task
   */
  function editor(current, task) {
    const changed = !theirs && !isSameValue(valueOf(task, field), current.base) && !saving.of(draftKey);
    if (theirs) return conflictTemplate(field, current.value, valueOf(theirs, field), choices(theirs));
    return html`<div class="editor" @keydown=${onKey}>
      ${changed ? changedMeanwhile(task) : nothing}
      ${typeof current.value === 'string' ? textEditor(current.value) : listEditor({ field, items: current.value, error, onChange: changeItems, focus: focusItem })}
      ${error ? html`<p class="field-error" role="alert" id="${field.name}-text-error" data-testid="field-error">${icon('triangle-alert')}${error}</p>` : nothing}
      <div class="editor-tools">
        ${button({ label: saving.of(draftKey) ? 'Saving…' : 'Save', look: 'is-primary', key: 'Ctrl ↵', reason: app.blocked(), run: () => void save(), testid: `save-${field.name}` })}
        ${button({ label: 'Cancel', key: 'Esc', run: cancel, testid: `cancel-${field.name}` })}
      </div>
    </div>`;
  }

  /** @param {Task} task */
  function changedMeanwhile(task) {
    const compare = () => {
      theirs = task;
      painter.request();
    };
    return html`<p class="editor-note" role="status" data-testid="changed-meanwhile">
      ${icon('info')}<span>Somebody changed this while you were editing.</span
      >${button({ label: 'Compare', look: 'is-small', run: compare })}
    </p>`;
  }

  /** @param {string} text */
  const textEditor = (text) =>
    writer({
      id: `${field.name}-text`,
      label: field.label,
      text,
      preview,
      error,
      testid: `input-${field.name}`,
      onInput: typed,
      redraw: painter.request,
      onTab(next) {
        preview = next;
        painter.request();
      },
    });

  /** @param {Task} other */
  const choices = (other) => ({
    mine: () => void save(other.version),
    theirs() {
      const dropped = edit();
      close();
      if (dropped)
        notices.info('Your version was dropped', {
          action: { label: 'Undo', run: () => reopen(dropped) },
          lastsMs: DISCARD_UNDO_MS,
          unique: true,
        });
    },
    edit() {
      const current = edit();
      theirs = null;
      if (current) keep({ ...current, version: other.version, base: valueOf(other, field) });
      painter.request(() => focusEditor(0));
    },
  });

  return { template, begin, isEditing: () => drafts.get(draftKey) !== null };
}

/** @typedef {ReturnType<typeof createField>} FieldSection */
