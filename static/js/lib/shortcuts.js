// @ts-check
/** Every shortcut, for the help and for whoever wonders. */

/** @typedef {{keys: readonly string[], does: string}} Shortcut */

/** @type {readonly {title: string, shortcuts: readonly Shortcut[]}[]} */
export const SHORTCUTS = [
  {
    title: 'Everywhere',
    shortcuts: [
      { keys: ['n'], does: 'New task' },
      { keys: ['Ctrl', 'K'], does: 'Find a page, a task or an action' },
      { keys: ['/'], does: 'Search tasks' },
      { keys: ['b'], does: 'Go to the board' },
      { keys: ['g', '…'], does: 'Go to the page that begins with the letter' },
      { keys: ['?'], does: 'This list' },
      { keys: ['Esc'], does: 'Close or cancel' },
    ],
  },
  {
    title: 'On the board',
    shortcuts: [
      { keys: ['h', '←'], does: 'Column to the left' },
      { keys: ['l', '→'], does: 'Column to the right' },
      { keys: ['j', '↓'], does: 'Next card' },
      { keys: ['k', '↑'], does: 'Previous card' },
      { keys: ['Enter'], does: 'Open the task' },
      { keys: ['m'], does: 'Move to…, plan, start, delete' },
    ],
  },
  {
    title: 'While writing',
    shortcuts: [
      { keys: ['Ctrl', 'Enter'], does: 'Create, save or send' },
      { keys: ['Ctrl', 'V'], does: 'Attach from the clipboard' },
    ],
  },
];
