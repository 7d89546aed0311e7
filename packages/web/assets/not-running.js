// A server that does not run: keeps the way back, and starts it after a count-down where the operator wants that.
import { text } from './texts.js';

const start = document.getElementById('start');
const { start_url: startUrl, implicit_seconds: implicit } = window.jhdata.page;

// W39: the fragment never reaches the hub; browsers carry it over the redirects that follow.
if (location.hash) start?.setAttribute('href', startUrl + location.hash);

const note = document.getElementById('implicit-start');
if (note) {
  let seconds = Math.ceil(implicit);
  const words = note.querySelector('[role="status"]');
  const timer = setInterval(() => {
    seconds -= 1;
    words.setAttribute('aria-live', 'off'); // said once, not every second
    words.textContent = text('implicit', { seconds: Math.max(seconds, 0) });
    if (seconds > 0) return;
    clearInterval(timer);
    location.assign(startUrl + location.hash);
  }, 1000);
  document.getElementById('dont-start').addEventListener('click', () => {
    clearInterval(timer);
    note.remove();
    start?.focus();
  });
}
