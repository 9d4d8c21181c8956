// @ts-check
/** Fields of a form: label, hint, control, what is wrong beside it, and somebody else's version below it. */

import { html, nothing } from '../../vendor/lit-html/lit-html.js';
import { live } from '../../vendor/lit-html/directives/live.js';
import { button } from '../../elements/button.js';
import { icon } from '../../elements/icons.js';
import { writer } from '../../elements/writer.js';
import { isSubmit } from '../../lib/keys.js';
import { visible } from '../../lib/visible.js';

/** @import {App} from '../../app.js' */
/** @import {Form} from './form.js' */
/** @import {Value} from '../../lib/merge.js' */

/**
 * @typedef {Object} FieldOptions
 * @property {string} label
 * @property {unknown} [hint]
 * @property {(value: Value) => string} [say] a value as text, where somebody else's is shown
 */

/** @param {string} name */
const idOf = (name) => `field-${name}`;

/**
 * @param {Form} form
 * @param {string} name
 * @param {boolean} hasHint
 */
export function described(form, name, hasHint) {
  const parts = [hasHint ? `${idOf(name)}-hint` : '', form.problem(name) ? `${idOf(name)}-error` : ''].filter(
    (part) => part,
  );
  return parts.length > 0 ? parts.join(' ') : nothing;
}

/**
 * @param {Form} form
 * @param {string} name
 * @param {FieldOptions} options
 * @param {unknown} control
 * @param {boolean} [isGroup] several controls under one name
 */
export function field(form, name, { label, hint, say = String }, control, isGroup = false) {
  const problem = form.problem(name);
  const inner = html`${hint ? html`<p class="field-hint" id="${idOf(name)}-hint">${hint}</p>` : nothing} ${control}
  ${problem ? html`<p class="field-error" id="${idOf(name)}-error" role="alert" data-testid="error-${name}">${icon('triangle-alert')}<span>${problem}</span></p>` : nothing}
  ${conflictTemplate(form, name, label, say)}`;
  if (isGroup) {
    return html`<fieldset
      class="field"
      data-field=${name}
      data-testid="field-${name}"
      aria-describedby=${described(form, name, !!hint)}
    >
      <legend class="field-label">${label}</legend>
      ${inner}
    </fieldset>`;
  }
  return html`<div class="field" data-field=${name} data-testid="field-${name}">
    <label class="field-label" for=${idOf(name)}>${label}</label>${inner}
  </div>`;
}

/**
 * @param {Form} form
 * @param {string} name
 * @param {string} label
 * @param {(value: Value) => string} say
 */
function conflictTemplate(form, name, label, say) {
  const conflict = form.conflict(name);
  if (!conflict) return nothing;
  return html`<div class="theirs" role="group" aria-label="Another version of ${label}" data-testid="conflict-${name}">
    <p class="theirs-title" role="alert">
      ${icon('triangle-alert')}<span
        >Somebody else changed this while you were editing. Above is yours; this is theirs:</span
      >
    </p>
    <div class="theirs-text" tabindex="0" role="group" aria-label="Their version" dir="auto">
      ${visible(say(conflict.theirs)) || '(empty)'}
    </div>
    <div class="editor-tools">
      ${button({ label: 'Keep mine', look: 'is-small', run: conflict.keep, testid: `keep-${name}` })}
      ${button({ label: 'Take theirs', look: 'is-small', run: conflict.take, testid: `take-${name}` })}
    </div>
  </div>`;
}

/**
 * @param {Form} form
 * @param {string} name
 * @param {FieldOptions & {placeholder?: string, type?: string, mono?: boolean, inputmode?: string, onInput?: (text:
 *   string) => void}} options
 */
export function textField(form, name, options) {
  const { placeholder, type = 'text', mono = false, inputmode } = options;
  const input = options.onInput ?? ((/** @type {string} */ text) => form.set(name, text));
  return field(
    form,
    name,
    options,
    html`<input
      class="input ${mono ? 'is-mono' : ''}"
      id=${idOf(name)}
      type=${type}
      data-testid="input-${name}"
      placeholder=${placeholder ?? nothing}
      autocomplete="off"
      spellcheck="false"
      dir="auto"
      inputmode=${inputmode ?? nothing}
      aria-invalid=${form.problem(name) ? 'true' : nothing}
      aria-describedby=${described(form, name, !!options.hint)}
      .value=${live(form.values()[name] ?? '')}
      @input=${(/** @type {Event} */ event) => input(/** @type {HTMLInputElement} */ (event.target).value)}
    />`,
  );
}

/** @typedef {{value: string, label: string}} Choice */

/**
 * @param {Form} form
 * @param {string} name
 * @param {FieldOptions & {choices: readonly Choice[], onChange?: (value: string) => void}} options
 */
export function selectField(form, name, options) {
  const value = form.values()[name];
  const change = options.onChange ?? ((/** @type {string} */ next) => form.set(name, next));
  const say = (/** @type {string} */ each) => options.choices.find((choice) => choice.value === each)?.label ?? each;
  return field(
    form,
    name,
    { say, ...options },
    html`<select
      class="input"
      id=${idOf(name)}
      data-testid="input-${name}"
      aria-invalid=${form.problem(name) ? 'true' : nothing}
      aria-describedby=${described(form, name, !!options.hint)}
      @change=${(/** @type {Event} */ event) => change(/** @type {HTMLSelectElement} */ (event.target).value)}
    >
      ${choicesWith(options.choices, value).map((choice) => html`<option value=${choice.value} .selected=${live(choice.value === value)}>${choice.label}</option>`)}
    </select>`,
  );
}

/**
 * A value that is no choice any more stays in sight.
 * @param {readonly Choice[]} choices
 * @param {string} value
 * @returns {readonly Choice[]}
 */
const choicesWith = (choices, value) =>
  choices.some((choice) => choice.value === value)
    ? choices
    : [...choices, { value, label: `${value} (not there any more)` }];

/**
 * @param {App} app
 * @param {Form} form
 * @param {string} name
 * @param {FieldOptions & {placeholder?: string, preview: boolean, onTab: (preview: boolean) => void}} options
 */
export function markdownField(app, form, name, options) {
  const { label, placeholder, preview, onTab } = options;
  return field(
    form,
    name,
    options,
    writer({
      id: idOf(name),
      label,
      text: form.values()[name],
      preview,
      ...(placeholder ? { placeholder } : {}),
      error: form.problem(name),
      testid: `input-${name}`,
      onInput: (text) => form.set(name, text),
      onTab,
      redraw: app.painter.request,
    }),
    true,
  );
}

/**
 * The form around its fields: Ctrl+Enter saves; what cannot be done now says why.
 * @param {App} app
 * @param {Form} form
 * @param {unknown} fields
 * @param {{label: string, tools?: unknown, reason?: string|null}} options
 */
export function formTemplate(app, form, fields, { label, tools = nothing, reason = null }) {
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    void form.save();
  };
  const onKey = (/** @type {KeyboardEvent} */ event) => isSubmit(event) && submit(event);
  const nothingToSave = form.isDirty() ? null : 'nothing has been changed';
  return html`<form
    class="form"
    novalidate
    @submit=${submit}
    @keydown=${onKey}
    data-testid="form"
    data-dirty=${form.isDirty()}
  >
    ${fields}
    <div class="form-foot">
      ${button({ label: form.isBusy ? 'Saving…' : label, look: 'is-primary', key: 'Ctrl ↵', type: 'submit', reason: app.blocked() ?? reason ?? nothingToSave, run: () => {}, testid: 'save' })}
      ${form.isDirty() ? button({ label: 'Discard changes', look: 'is-quiet', run: form.discard, testid: 'discard' }) : nothing}
      ${app.saving.of(form.key)?.progress === 'saved' ? html`<span class="soft" role="status">${app.saving.of(form.key)?.says}</span>` : nothing}
      <span class="grow"></span>${tools}
    </div>
  </form>`;
}
