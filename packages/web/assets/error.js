// Tries again by itself where that makes sense, and says when.
import { text } from './texts.js';

const retry = document.getElementById('retry');
let seconds = window.jhdata.page.retry_after;

// As a new look at the address: a form that was sent is not sent twice.
const again = () => location.replace(location.href.split('#')[0]);

if (retry && typeof seconds === 'number') {
  const note = document.getElementById('retrying');
  retry.addEventListener('click', (event) => {
    event.preventDefault();
    again();
  });
  const count = document.createElement('span');
  count.textContent = text('retrying', { seconds });
  note.replaceChildren(count);
  const timer = setInterval(() => {
    seconds -= 1;
    // Spoken at the start and near the end only, not every second.
    note.setAttribute('aria-live', seconds === 3 ? 'polite' : 'off');
    count.textContent = text('retrying', { seconds: Math.max(seconds, 0) });
    if (seconds > 0) return;
    clearInterval(timer);
    again();
  }, 1000);
}
