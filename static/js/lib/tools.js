// @ts-check
/** The tools an agent may be given, in groups, with what each does. The names are those of common/tools.py. */

/** @typedef {{name: string, does: string}} Tool */
/** @typedef {{title: string, tools: readonly Tool[]}} ToolGroup */

/** @type {readonly ToolGroup[]} */
export const TOOL_GROUPS = [
  {
    title: 'Read files',
    tools: [
      { name: 'file.read', does: 'Read a file, or some lines of it.' },
      { name: 'file.list', does: 'List a folder, or find files by name.' },
      { name: 'file.search', does: 'Search the text of files.' },
    ],
  },
  {
    title: 'Change files',
    tools: [
      { name: 'file.create', does: 'Make a new file.' },
      { name: 'file.write', does: 'Replace what is in a file.' },
      { name: 'file.patch', does: 'Change passages of a file.' },
      { name: 'file.delete', does: 'Delete a file.' },
    ],
  },
  {
    title: 'Tasks',
    tools: [
      { name: 'task.get', does: 'Read any task of the workspace.' },
      { name: 'task.list', does: 'List the tasks on the board.' },
    ],
  },
  {
    title: 'Other agents and the web',
    tools: [
      { name: 'handoff', does: 'Give a part of the work to another agent and get its result.' },
      { name: 'web.search', does: 'Search the web, with the agent program’s own search.' },
    ],
  },
];

const ORDER = TOOL_GROUPS.flatMap(({ tools }) => tools.map(({ name }) => name));

/** In the order of the groups; names that are not known stay at the end. @param {readonly string[]} names */
export function inOrder(names) {
  return [...ORDER.filter((name) => names.includes(name)), ...names.filter((name) => !ORDER.includes(name))];
}
