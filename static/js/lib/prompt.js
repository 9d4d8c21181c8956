// @ts-check
/** What an agent is told when a person starts it. */

/** @import {PlannedTask, Task} from '../types.js' */

/**
 * The description; with a plan, everything that it says, in sections.
 * @param {Task} task
 * @returns {string}
 */
export function promptOf(task) {
  const sections = task.taskType === 'planned' ? planSections(task) : [];
  if (sections.length === 0) return task.description;
  return [section('Task', task.description), ...sections].join('\n\n');
}

/** @param {PlannedTask} task */
function planSections({ summary, requirements, acceptanceCriteria, plan, questions }) {
  const answered = questions
    .filter(({ answer }) => answer !== null)
    .map(({ question, answer }) => `Q: ${question}\nA: ${answer}`);
  return [
    section('Summary', summary),
    section('Requirements', bullets(requirements)),
    section('Acceptance criteria', bullets(acceptanceCriteria)),
    section('Plan', plan.map((step, index) => `${index + 1}. ${step}`).join('\n')),
    section('Questions and answers', answered.join('\n\n')),
  ].filter((text) => text !== '');
}

/**
 * @param {string} title
 * @param {string} text
 */
const section = (title, text) => (text.trim() === '' ? '' : `## ${title}\n\n${text}`);

/** @param {readonly string[]} items */
const bullets = (items) => items.map((item) => `- ${item}`).join('\n');
