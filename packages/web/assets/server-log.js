// The end of a server's log, read anew every few seconds while somebody looks at it.
import { text } from './texts.js';

const every = 2000;

/** Follows the log in `#server-log` while its fold is open; `end` reads it a last time. */
export function followLog(url) {
  const fold = document.getElementById('server-log-details');
  if (!url || !fold) return { end() {} };
  const shown = document.getElementById('server-log');
  const note = document.getElementById('server-log-note');
  let timer = 0;
  let over = false;

  async function read() {
    clearTimeout(timer);
    if (!document.hidden) await show();
    if (fold.open && !over) timer = setTimeout(read, every);
  }

  async function show() {
    try {
      const response = await fetch(url, {
        credentials: 'same-origin',
        headers: { 'X-XSRFToken': window.jhdata.xsrf_token },
      });
      if (response.ok) return draw(await response.text());
      const { message } = await response.json();
      say(message || text('failed'));
    } catch {
      say(text('offline'));
    }
  }

  function draw(words) {
    if (!words) return; // nothing yet: the note says so
    note.hidden = true;
    shown.hidden = false;
    if (shown.textContent === words) return;
    const atEnd = shown.scrollHeight - shown.scrollTop - shown.clientHeight < 40;
    shown.textContent = words;
    if (atEnd) shown.scrollTop = shown.scrollHeight;
  }

  /** What was read stays; why there is nothing new is said above it. */
  function say(words) {
    note.hidden = false;
    note.textContent = words;
  }

  fold.addEventListener('toggle', () => fold.open && read());
  return {
    end() {
      over = true;
      clearTimeout(timer);
      fold.open = true;
      read();
    },
  };
}
