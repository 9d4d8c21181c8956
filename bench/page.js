// Runs in the page before its own scripts (Chrome DevTools Protocol, so the page's CSP does not matter).
// Notes when cards are on the screen, when stamped messages arrive and when what they changed is on the screen.
// All times are performance.now(), ms.
'use strict';

(() => {
  const CARDS = '[data-testid=card]';
  const STAMP = /sentNs=(\d{19})/g;
  const arrived = new Map(); // stamp -> ms
  const painted = new Map(); // stamp -> ms
  const boards = []; // [ms, cards on the screen], growing
  window.benchmark = { arrived, painted, boards, origin: performance.timeOrigin };

  // A message posted during a frame is delivered after that frame was painted.
  const afterPaint = [];
  const channel = new MessageChannel();
  let inFrame = false;
  channel.port1.onmessage = () => {
    inFrame = false;
    for (const tell of afterPaint.splice(0)) tell(performance.now());
  };
  const nextFrame = window.requestAnimationFrame.bind(window);
  function frameBegins() {
    if (!inFrame) channel.port2.postMessage(0);
    inFrame = true;
  }
  window.requestAnimationFrame = (callback) =>
    nextFrame((time) => {
      frameBegins();
      callback(time);
    });
  function whenPainted(tell) {
    afterPaint.push(tell);
    if (!inFrame) nextFrame(frameBegins);
  }

  window.WebSocket = class extends WebSocket {
    constructor(...where) {
      super(...where);
      this.addEventListener('message', ({ data }) => {
        for (const [, stamp] of String(data).matchAll(STAMP)) arrived.set(stamp, performance.now());
      });
    }
  };

  function textOf({ type, target, addedNodes }) {
    return type === 'characterData' ? target.data : [...addedNodes].map((node) => node.textContent).join(' ');
  }

  function noteStamps(records) {
    for (const record of records)
      for (const [, stamp] of textOf(record).matchAll(STAMP))
        if (!painted.has(stamp)) whenPainted((now) => painted.has(stamp) || painted.set(stamp, now));
  }

  function noteCards() {
    const count = document.querySelectorAll(CARDS).length;
    if (count > (boards.at(-1)?.[1] ?? 0)) whenPainted((now) => boards.push([now, count]));
  }

  new MutationObserver((records) => {
    if (arrived.size) noteStamps(records);
    else noteCards();
  }).observe(document, { subtree: true, childList: true, characterData: true });
})();
