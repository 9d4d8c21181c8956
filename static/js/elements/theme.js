// @ts-check
/** Light, dark, or as the system says. */

import { recall, remember } from '../lib/storage.js';

/** @typedef {'system'|'light'|'dark'} Theme */

/** @type {Readonly<Record<Theme, {next: Theme, icon: string, name: string, label: string}>>} */
const THEMES = {
  system: {
    next: 'light',
    icon: 'sun-moon',
    name: 'Theme: as the system',
    label: 'Theme: as the system. Switch to light',
  },
  light: { next: 'dark', icon: 'sun', name: 'Theme: light', label: 'Theme: light. Switch to dark' },
  dark: { next: 'system', icon: 'moon', name: 'Theme: dark', label: 'Theme: dark. Switch to the system’s' },
};

/** @returns {Theme} */
function current() {
  const theme = recall('theme');
  return theme === 'light' || theme === 'dark' ? theme : 'system';
}

export function createTheme() {
  let theme = current();

  /** @param {Theme} next */
  function choose(next) {
    theme = next;
    remember('theme', theme === 'system' ? '' : theme);
    if (theme === 'system') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
  }

  return {
    look: () => THEMES[theme],
    switch: () => choose(THEMES[theme].next),
    choose,
    /** Those that are not chosen. */
    choices: () =>
      /** @type {Theme[]} */ (Object.keys(THEMES))
        .filter((name) => name !== theme)
        .map((name) => ({ name, icon: THEMES[name].icon, label: THEMES[name].name })),
  };
}

/** @typedef {ReturnType<typeof createTheme>} ThemeSwitch */
