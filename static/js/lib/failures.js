// @ts-check
/** What went wrong and what to do about it, in words for a person. */

/** @import {ApiError} from '../api.js' */

/** Only what is possible can be pressed, so by then somebody else had decided. */
const FASTER = ['INVALID_STATUS', 'INVALID_TRANSITION'];

/**
 * @param {unknown} error
 * @returns {string}
 */
export function reasonOf(error) {
  const {
    status = -1,
    code = '',
    message = String(error),
    fields = {},
  } = /** @type {Partial<ApiError>} */ (error ?? {});
  const details = Object.entries(fields).flatMap(([field, messages]) => messages.map((each) => `${field}: ${each}`));
  if (details.length > 0) return details.join(' ');
  if (FASTER.includes(code)) return `Somebody was faster. ${withFullStop(message)}`;
  if (status === 404) return 'It is not there any more; somebody may have deleted it.';
  return withFullStop(message);
}

/** @param {string} text */
const withFullStop = (text) => (/[.!?…]$/.test(text) ? text : `${text}.`);
