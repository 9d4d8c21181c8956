// @ts-check
/** What every view is given. Types only: nothing here runs. */

/** @import {TemplateResult} from './vendor/lit-html/lit-html.js' */
/** @import {Actions} from './actions.js' */
/** @import {Api} from './api.js' */
/** @import {Live} from './connection/live.js' */
/** @import {Drafts} from './drafts.js' */
/** @import {CardMenu} from './views/board/menu.js' */
/** @import {Notices} from './elements/notices.js' */
/** @import {TextOrder} from './elements/text-dialog.js' */
/** @import {Painter} from './lib/painter.js' */
/** @import {Route, Router} from './router.js' */
/** @import {Saving} from './saving.js' */
/** @import {Store} from './store.js' */
/** @import {Changes} from './types.js' */
/** @import {Uploads} from './uploads.js' */

/**
 * @typedef {Object} App
 * @property {Store} store
 * @property {Live} live
 * @property {Drafts} drafts
 * @property {Api} api for what only one page asks; everything else is in `actions`
 * @property {Actions} actions
 * @property {Saving} saving
 * @property {Uploads} uploads
 * @property {Notices} notices
 * @property {CardMenu} menu
 * @property {Router} router
 * @property {Painter} painter
 * @property {() => void} openNewTask
 * @property {(taskId: string) => void} openStart
 * @property {(order: TextOrder) => void} openText
 * @property {(runId: string) => void} openTools
 * @property {() => string|null} blocked why nothing can be saved now; null when it can
 */

/**
 * A page of the app. It lives from the moment its address is opened until another page's is.
 * @typedef {Object} View
 * @property {() => string} title for the tab
 * @property {() => TemplateResult} template
 * @property {(route: Route) => void} [routed] its own address changed, e.g. a filter
 * @property {(changes: Changes|null) => void} [painted] the elements now show these changes of the store, if there were
 *   any
 * @property {() => boolean} [arrive] the page has been opened by a step inside the app; true: it has placed the focus
 * @property {() => boolean} [recover] what had the keyboard has left the page; true: it has a new place
 * @property {(event: KeyboardEvent) => boolean} [key] a plain key; true: it was for this page
 * @property {() => void} [leave]
 */

export {};
