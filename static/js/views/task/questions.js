// @ts-check
/**
 * The planner's questions: answered ones to read, open ones to answer, all at once. Answers are drafts from the first
 * key on.
 */

import { html, nothing } from '../../vendor/lit-html/lit-html.js';
import { live } from '../../vendor/lit-html/directives/live.js';
import { button } from '../../elements/button.js';
import { icon } from '../../elements/icons.js';
import { markdown } from '../../elements/markdown.js';
import { hindrancesOf } from '../../lib/agents.js';
import { isSubmit } from '../../lib/keys.js';
import { newKey } from '../../lib/key.js';
import { answersOf, choicesOf, isAsking, unanswered } from '../../lib/questions.js';
import { plural } from '../../lib/text.js';
import { shownText, visible } from '../../lib/visible.js';

/** @import {App} from '../../app.js' */
/** @import {PlannedTask, PlanningQuestion, Task} from '../../types.js' */

/**
 * @param {App} app
 * @param {string} id of the task
 */
export function createQuestions(app, id) {
  const { drafts, painter } = app;
  let key = newKey();
  let wantsAll = false;
  /** Shown until their event arrives. @type {readonly string[]} */
  let sent = [];

  /** @param {number} index */
  const draftKey = (index) => `task:${id}:answer:${index}`;

  /**
   * What is typed belongs to its question: another one at the same place begins empty.
   * @param {readonly PlanningQuestion[]} questions
   */
  const typedIn = (questions) => (/** @type {number} */ index) => {
    const draft = drafts.get(draftKey(index));
    return draft && draft.base === questions[index]?.question ? draft.text : '';
  };

  /**
   * @param {PlannedTask} task
   * @param {number} index
   * @param {string} text
   */
  function typed(task, index, text) {
    drafts.set(draftKey(index), text, task.questions[index]?.question);
    key = newKey();
    painter.request();
  }

  /**
   * @param {boolean} complete
   * @returns {string|null}
   */
  function reasonOf(complete) {
    return (
      app.saving.of(`task:${id}:status`)?.says ??
      app.blocked() ??
      hindrancesOf(app.store.state).plan ??
      (complete ? null : 'The full text is still being fetched.')
    );
  }

  /**
   * @param {PlannedTask} task
   * @param {boolean} complete
   */
  async function send(task, complete) {
    const { questions } = task;
    const left = unanswered(questions, typedIn(questions));
    wantsAll = left > 0;
    if (wantsAll) return painter.request(() => focusOpen(true));
    if (reasonOf(complete) !== null) return;
    const answers = answersOf(questions, typedIn(questions));
    sent = answers;
    if (!(await app.actions.answer(task, answers, key))) return;
    questions.forEach((_, index) => drafts.clear(draftKey(index)));
    key = newKey();
    painter.request();
  }

  /* ------------------------------------------------------------ drawing */

  /**
   * @param {Task} task
   * @param {boolean} complete
   */
  function template(task, complete) {
    if (task.taskType !== 'planned' || task.questions.length === 0) return nothing;
    const isOpen = task.status.type === 'awaiting_input' && isAsking(task.questions);
    return html`<section
      class="section ${isOpen ? 'is-asking' : ''}"
      id="questions"
      data-section="questions"
      data-testid="questions"
      aria-labelledby="title-questions"
    >
      <div class="section-head">
        <h2 id="title-questions">
          ${isOpen ? 'The planner asks' : 'Questions'} <span class="count">${task.questions.length}</span>
        </h2>
      </div>
      ${
        isOpen
          ? form(task, complete)
          : html`<ol class="questions">
              ${task.questions.map((each) => html`<li>${given(each)}</li>`)}
            </ol>`
      }
    </section>`;
  }

  /**
   * @param {PlannedTask} task
   * @param {boolean} complete
   */
  function form(task, complete) {
    const { questions } = task;
    const read = typedIn(questions);
    const left = unanswered(questions, read);
    const isSent = app.saving.of(`task:${id}:status`) !== null;
    const reason = reasonOf(complete);
    const onKey = (/** @type {KeyboardEvent} */ event) =>
      isSubmit(event) && (event.preventDefault(), void send(task, complete));
    return html`<form
      class="editor"
      @submit=${(/** @type {Event} */ event) => (event.preventDefault(), void send(task, complete))}
      @keydown=${onKey}
    >
      <ol class="questions">
        ${questions.map((each, index) => html`<li>${each.answer === null && !isSent ? open(task, each, index, read(index)) : given(isSent ? { ...each, answer: sent[index] ?? null } : each)}</li>`)}
      </ol>
      ${wantsAll && left > 0 ? html`<p class="field-error" role="alert" data-testid="answers-error">${icon('triangle-alert')}<span>${plural(left, 'question')} left. The planner goes on when all are answered.</span></p>` : nothing}
      <div class="editor-tools">
        ${button({ label: isSent ? 'Sending…' : 'Send the answers', icon: 'send', look: 'is-primary', key: 'Ctrl ↵', type: 'submit', reason, run: () => {}, testid: 'answers-send' })}
        <span class="section-note">${left === 0 ? 'All answered' : `${left} of ${questions.length} to answer`}</span>
      </div>
      ${reason && !isSent ? html`<p class="field-note">${icon('info')}<span>${reason}</span></p>` : nothing}
    </form>`;
  }

  /**
   * @param {PlannedTask} task
   * @param {PlanningQuestion} question
   * @param {number} index
   * @param {string} text
   */
  function open(task, { question }, index, text) {
    const { text: asked, options } = choicesOf(question);
    const isMissing = wantsAll && text.trim() === '';
    return html`<div class="question" id="question-${index}">${markdown(asked, painter.request)}</div>
      ${
        options.length > 0
          ? html`<div class="options" role="group" aria-label="Answers to choose from">
              ${options.map(
                (option) =>
                  html`<button
                    type="button"
                    class="chip"
                    aria-pressed=${text === option}
                    data-testid="answer-option"
                    @click=${() => typed(task, index, option)}
                  >
                    ${text === option ? icon('check') : nothing}<bdi>${visible(option)}</bdi>
                  </button>`,
              )}
            </div>`
          : nothing
      }
      <textarea
        class="input is-short"
        rows="2"
        dir="auto"
        data-testid="answer-${index}"
        aria-labelledby="question-${index}"
        aria-invalid=${isMissing ? 'true' : nothing}
        placeholder=${options.length > 0 ? 'Choose above, or write your own' : 'Your answer'}
        .value=${live(text)}
        @input=${(/** @type {Event} */ event) => typed(task, index, /** @type {HTMLTextAreaElement} */ (event.target).value)}
      ></textarea>`;
  }

  /** @param {PlanningQuestion} question */
  const given = ({ question, answer }) =>
    html`<div class="question">${markdown(choicesOf(question).text, painter.request)}</div>
      ${answer === null ? html`<p class="soft">Not answered yet</p>` : html`<p class="answer" data-testid="answer" dir="auto">${shownText(answer)}</p>`}`;

  return { template, focus: () => focusOpen(false) };
}

/**
 * The first question without an answer.
 * @param {boolean} onlyEmpty
 * @returns {boolean} whether there is one
 */
function focusOpen(onlyEmpty) {
  const fields = /** @type {HTMLTextAreaElement[]} */ ([...document.querySelectorAll('#questions textarea')]);
  const field = fields.find((each) => each.value.trim() === '') ?? (onlyEmpty ? undefined : fields[0]);
  field?.focus();
  return field !== undefined;
}
