// @ts-check
/** Files that come by drop, paste or choice. */

import { clockSeconds } from '../lib/time.js';

/** @param {DataTransfer|null} transfer */
const hasFiles = (transfer) => transfer?.types.includes('Files') ?? false;

/**
 * What the clipboard holds has a name like all others of its kind: it gets one of its own.
 * @param {ClipboardEvent} event
 * @returns {File[]}
 */
function pastedFiles(event) {
  const files = [...(event.clipboardData?.files ?? [])];
  return files.map((file) =>
    /^image\.\w+$/.test(file.name)
      ? new File([file], `pasted-${clockSeconds(Date.now()).replaceAll(':', '')}-${file.name}`, { type: file.type })
      : file,
  );
}

/**
 * Listeners of a place where files can be dropped and pasted.
 * @param {(files: File[]) => void} take
 * @param {(isOver: boolean) => void} mark
 */
export function dropZone(take, mark) {
  return {
    /** @param {DragEvent} event */
    over(event) {
      if (!hasFiles(event.dataTransfer)) return;
      event.preventDefault();
      mark(true);
    },
    /** @param {DragEvent} event */
    leave(event) {
      const zone = /** @type {Node} */ (event.currentTarget);
      if (!zone.contains(/** @type {Node|null} */ (event.relatedTarget))) mark(false);
    },
    /** @param {DragEvent} event */
    drop(event) {
      mark(false);
      if (!hasFiles(event.dataTransfer)) return;
      event.preventDefault();
      take([...(event.dataTransfer?.files ?? [])]);
    },
    /** @param {ClipboardEvent} event */
    paste(event) {
      const files = pastedFiles(event);
      if (files.length === 0) return;
      event.preventDefault();
      take(files);
    },
    /** @param {Event} event */
    chosen(event) {
      const input = /** @type {HTMLInputElement} */ (event.target);
      take([...(input.files ?? [])]);
      input.value = '';
    },
  };
}
