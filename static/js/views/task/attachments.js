// @ts-check
/** The files of a task, and those on their way. */

import { html, nothing } from '../../vendor/lit-html/lit-html.js';
import { repeat } from '../../vendor/lit-html/directives/repeat.js';
import { button } from '../../elements/button.js';
import { icon } from '../../elements/icons.js';
import { formatBytes } from '../../lib/text.js';
import { iso, moment } from '../../lib/time.js';
import { attachmentPath } from '../../uploads.js';
import { isolated, oneLine } from '../../lib/visible.js';

/** @import {App} from '../../app.js' */
/** @import {Attachment, Task} from '../../types.js' */
/** @import {Upload} from '../../uploads.js' */

/**
 * @param {App} app
 * @param {Task} task
 * @param {(event: Event) => void} chosen
 */
export function attachmentsTemplate(app, task, chosen) {
  const uploads = app.uploads.of(task.id);
  const reason =
    app.blocked() ?? (task.archivedAt === null ? null : 'Archived tasks cannot be changed; reopen it first.');
  const missing = task.attachmentCount - task.attachments.length;
  return html`<section
    class="section"
    data-section="attachments"
    data-testid="attachments"
    aria-labelledby="title-attachments"
  >
    <div class="section-head">
      <h2 id="title-attachments">Attachments <span class="count">${task.attachmentCount || nothing}</span></h2>
      ${reason ? button({ label: 'Add', icon: 'paperclip', look: 'is-quiet is-small', reason, run: () => {} }) : fileChoice(chosen)}
    </div>
    ${task.attachments.length + uploads.length === 0 ? html`<p class="soft">Drop files anywhere on this page, or paste them.</p>` : nothing}
    <ul class="files">
      ${repeat(uploads, (upload) => upload.id, uploadRow)}
      ${repeat(
        task.attachments,
        (file) => file.filename,
        (file) => fileRow(app, task, file, reason),
      )}
    </ul>
    ${missing > 0 ? html`<p class="soft">and ${missing} older</p>` : nothing}
  </section>`;
}

/** @param {(event: Event) => void} chosen */
const fileChoice = (chosen) =>
  html`<label class="button is-quiet is-small file-choice">
    ${icon('paperclip')}Add<input
      type="file"
      multiple
      class="unseen"
      aria-label="Add files"
      data-testid="file-input"
      @change=${chosen}
    />
  </label>`;

/** @param {Upload} upload */
const uploadRow = (upload) =>
  html`<li class="file" data-testid="upload">
    ${icon('upload')}<bdi class="file-name">${oneLine(upload.name)}</bdi>
    ${upload.isSaved ? html`<span class="file-note">Saved, not yet shown</span>` : underWay(upload)}
  </li>`;

/** @param {Upload} upload */
const underWay = ({ name, progress, abort }) =>
  html`<progress max="1" .value=${progress} aria-label="Uploading ${isolated(oneLine(name))}"></progress
    ><span class="file-note">${Math.round(progress * 100)} %</span>
    ${button({ label: `Cancel ${isolated(oneLine(name))}`, icon: 'x', iconOnly: true, look: 'is-quiet is-small', run: () => abort.abort(), testid: 'upload-cancel' })}`;

/**
 * @param {App} app
 * @param {Task} task
 * @param {Attachment} file
 * @param {string|null} reason
 */
const fileRow = (app, task, { filename, size, contentType, uploadedAt }, reason) =>
  html`<li class="file" data-testid="attachment" data-filename=${filename}>
    ${icon(contentType.startsWith('image/') ? 'image' : 'file-text')}
    <a class="file-name" href=${attachmentPath(task.id, filename)} download=${filename} title=${oneLine(filename)}
      ><bdi>${oneLine(filename)}</bdi></a
    >
    <span class="file-note"
      ><time datetime=${iso(uploadedAt)} title="Added: ${moment(uploadedAt, app.live.now())}"
        >${formatBytes(size)}</time
      ></span
    >
    ${button({
      label: `Delete ${isolated(oneLine(filename))}`,
      icon: 'trash-2',
      iconOnly: true,
      look: 'is-quiet is-small',
      reason: reason ?? app.saving.of(`task:${task.id}:file:${filename}`)?.says ?? null,
      run: () => void app.actions.deleteAttachment(task.id, filename),
      testid: 'attachment-delete',
    })}
  </li>`;
