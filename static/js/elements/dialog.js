// @ts-check
/** A native dialog: the browser keeps the focus inside and gives it back. A press on the backdrop closes it. */

import { render } from '../vendor/lit-html/lit-html.js';

/** @import {TemplateResult} from '../vendor/lit-html/lit-html.js' */

/** @param {string} testid @param {string} titleId @param {() => TemplateResult} template */
export function createDialog(testid, titleId, template) {
  const element = document.createElement('dialog');
  element.className = 'dialog';
  element.dataset.testid = testid;
  element.setAttribute('aria-labelledby', titleId);
  element.addEventListener('pointerdown', (event) => {
    if (event.target === element) element.close();
  });

  return {
    element,
    draw: () => render(template(), element),
    open() {
      if (element.open) return;
      document.body.append(element);
      render(template(), element);
      element.showModal();
    },
    close: () => element.close(),
  };
}
