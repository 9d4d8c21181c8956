// @ts-check
/** Times as people read them, in their own zone. Every function is given the present. */

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const clockFormat = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const clockSecondsFormat = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const dayFormat = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });
const dayYearFormat = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric' });

/** `14:05`. @param {number} at */
export const clock = (at) => clockFormat.format(at);

/** `14:05:09`. @param {number} at */
export const clockSeconds = (at) => clockSecondsFormat.format(at);

/**
 * How long ago, in at most four characters, else the day: `now`, `4m`, `3h`, `6d`, `2 Mar`.
 * @param {number} at
 * @param {number} now
 */
export function age(at, now) {
  const passed = Math.max(0, now - at);
  if (passed < MINUTE) return 'now';
  if (passed < HOUR) return `${Math.floor(passed / MINUTE)}m`;
  if (passed < DAY) return `${Math.floor(passed / HOUR)}h`;
  if (passed < 7 * DAY) return `${Math.floor(passed / DAY)}d`;
  return day(at, now);
}

/**
 * The same in words, for those who hear it.
 * @param {number} at
 * @param {number} now
 */
export function ageInWords(at, now) {
  const passed = Math.max(0, now - at);
  if (passed < MINUTE) return 'just now';
  if (passed < HOUR) return ago(Math.floor(passed / MINUTE), 'minute');
  if (passed < DAY) return ago(Math.floor(passed / HOUR), 'hour');
  return passed < 7 * DAY ? ago(Math.floor(passed / DAY), 'day') : `on ${day(at, now)}`;
}

/**
 * @param {number} count
 * @param {string} unit
 */
const ago = (count, unit) => `${count} ${unit}${count === 1 ? '' : 's'} ago`;

/**
 * `Today 14:05`, `Yesterday 09:30`, else `2 Mar 14:05`, with the year when it is another.
 * @param {number} at
 * @param {number} now
 */
export function moment(at, now) {
  return `${day(at, now)} ${clock(at)}`;
}

/**
 * Calendar days, not spans of 24 hours: days are 23 or 25 hours long twice a year.
 * @param {number} at
 * @param {number} now
 */
function day(at, now) {
  if (sameDay(at, new Date(now))) return 'Today';
  if (sameDay(at, dayBefore(now))) return 'Yesterday';
  return new Date(at).getFullYear() === new Date(now).getFullYear() ? dayFormat.format(at) : dayYearFormat.format(at);
}

/**
 * @param {number} at
 * @param {Date} other
 */
const sameDay = (at, other) => new Date(at).toDateString() === other.toDateString();

/** @param {number} now */
function dayBefore(now) {
  const date = new Date(now);
  date.setDate(date.getDate() - 1);
  return date;
}

/** `8s`, `4m 12s`, `2h 5m`, `3d 4h`. @param {number} ms */
export function duration(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m ${seconds % 60}s`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)}h ${Math.floor((seconds % 3600) / 60)}m`;
  return `${Math.floor(seconds / 86_400)}d ${Math.floor((seconds % 86_400) / 3600)}h`;
}

/** For `datetime` attributes. @param {number} at */
export const iso = (at) => new Date(at).toISOString();
