// @ts-check
/** What went wrong and what to do about it, in words for a person. */

/** @import {ApiError} from '../api.js' */

/** @param {unknown} error @returns {string} */
export function reasonOf(error) {
  const { status = -1, message = String(error), fields = {} } = /** @type {Partial<ApiError>} */ (error ?? {});
  const details = Object.entries(fields).flatMap(([field, messages]) => messages.map((each) => `${field}: ${each}`));
  if (details.length > 0) return details.join(' ');
  if (status === 404) return 'It is not there any more; somebody may have deleted it.';
  return withFullStop(message);
}

/** @param {string} text */
const withFullStop = (text) => (/[.!?…]$/.test(text) ? text : `${text}.`);
