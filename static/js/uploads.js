// @ts-check
/** Files on their way to the server, a list per task. They go on while the person looks at another page. */

import { ApiError } from './api.js';
import { reasonOf } from './lib/failures.js';
import { fileProblem } from './lib/text.js';
import { quoted } from './lib/visible.js';

/** @import {Api} from './api.js' */
/** @import {Notices} from './elements/notices.js' */

/**
 * @typedef {Object} Upload
 * @property {number} id
 * @property {string} taskId
 * @property {string} name
 * @property {number} size
 * @property {number} progress 0 to 1
 * @property {boolean} isSaved the server has it, but this screen may not show it yet
 * @property {AbortController} abort
 */

/**
 * @param {{api: Api, notices: Notices, whenShown: (seqHeader: string|null) => Promise<unknown>, onChange: () => void}}
 *   surroundings
 */
export function createUploads({ api, notices, whenShown, onChange }) {
  /** @type {Upload[]} */
  let running = [];
  let ids = 0;

  /** @param {Upload} upload */
  function remove(upload) {
    running = running.filter((each) => each !== upload);
    onChange();
  }

  /**
   * @param {string} taskId
   * @param {File} file
   */
  async function send(taskId, file) {
    const problem = fileProblem(file);
    if (problem) return void notices.error(`${quoted(file.name)} was not attached.`, { advice: problem });
    const upload = {
      id: ++ids,
      taskId,
      name: file.name,
      size: file.size,
      progress: 0,
      isSaved: false,
      abort: new AbortController(),
    };
    running = [...running, upload];
    onChange();
    try {
      const answer = await api.upload(attachmentPath(taskId, file.name, true), file, {
        signal: upload.abort.signal,
        onProgress: (part) => progressed(upload, part),
      });
      upload.isSaved = true;
      onChange();
      const done = () => remove(upload);
      whenShown(answer.seqHeader).then(done, done);
    } catch (error) {
      remove(upload);
      failed(taskId, file, error);
    }
  }

  /**
   * @param {Upload} upload
   * @param {number} part
   */
  function progressed(upload, part) {
    upload.progress = part;
    onChange();
  }

  /**
   * @param {string} taskId
   * @param {File} file
   * @param {unknown} error
   */
  function failed(taskId, file, error) {
    if (error instanceof ApiError && error.code === 'ABORTED') return;
    const again = { label: 'Try again', run: () => void send(taskId, file) };
    notices.error(`${quoted(file.name)} was not attached.`, { advice: reasonOf(error), action: again });
  }

  return {
    /**
     * One after the other: each changes the same task.
     * @param {string} taskId
     * @param {readonly File[]} files
     */
    async sendAll(taskId, files) {
      for (const file of files) await send(taskId, file);
    },
    /** @param {string} taskId */
    of: (taskId) => running.filter((upload) => upload.taskId === taskId),
  };
}

/** @typedef {ReturnType<typeof createUploads>} Uploads */

/**
 * @param {string} taskId
 * @param {string} filename
 * @param {boolean} [asQuery]
 */
export function attachmentPath(taskId, filename, asQuery = false) {
  const folder = `/api/tasks/${encodeURIComponent(taskId)}/attachments`;
  return `${folder}${asQuery ? '?filename=' : '/'}${encodeURIComponent(filename)}`;
}
