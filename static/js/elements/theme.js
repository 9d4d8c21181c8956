// @ts-check
/** Light, dark, or as the system says. */

import { recall, remember } from '../lib/storage.js';

/** @typedef {'system'|'light'|'dark'} Theme */

/** @type {Readonly<Record<Theme, {next: Theme, icon: string, label: string}>>} */
const THEMES = {
  system: { next: 'light', icon: 'sun-moon', label: 'Theme: as the system. Switch to light' },
  light: { next: 'dark', icon: 'sun', label: 'Theme: light. Switch to dark' },
  dark: { next: 'system', icon: 'moon', label: 'Theme: dark. Switch to the system’s' },
};

/** @returns {Theme} */
function current() {
  const theme = recall('theme');
  return theme === 'light' || theme === 'dark' ? theme : 'system';
}

export function createTheme() {
  let theme = current();
  return {
    look: () => THEMES[theme],
    switch() {
      theme = THEMES[theme].next;
      remember('theme', theme === 'system' ? '' : theme);
      if (theme === 'system') delete document.documentElement.dataset.theme;
      else document.documentElement.dataset.theme = theme;
    },
  };
}

/** @typedef {ReturnType<typeof createTheme>} ThemeSwitch */
