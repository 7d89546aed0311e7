// What every page does once it is there.
import { busy, isBusy, sayCopied } from './elements.js';
import { sanitize } from './sanitize.js';
import { text } from './texts.js';
import { showTimes } from './times.js';

showTimes();
setInterval(showTimes, 30_000);

for (const element of document.querySelectorAll('[data-html]'))
  element.replaceChildren(sanitize(element.dataset.html));

// W37: the counter of a redirect loop has done its work and need not be bookmarked.
const address = new URL(location.href);
if (address.searchParams.has('redirects')) {
  address.searchParams.delete('redirects');
  history.replaceState(history.state, '', address);
}

if (!window.isSecureContext) document.getElementById('insecure-login-warning')?.removeAttribute('hidden');

for (const form of document.querySelectorAll('form[data-login]')) {
  form.addEventListener('submit', (event) => {
    const button = form.querySelector('[type="submit"]');
    if (isBusy(button)) event.preventDefault();
    else busy(button, text('signingIn'));
  });
}
// Back from the browser's cache, a form must be usable again.
addEventListener('pageshow', (event) => {
  if (event.persisted) location.reload();
});

async function copy(button) {
  const source = document.querySelector(button.dataset.copy);
  try {
    await navigator.clipboard.writeText(source.textContent);
  } catch {
    getSelection().selectAllChildren(source); // not allowed here: the person copies what is selected
    return;
  }
  sayCopied(button);
}

function reveal(button) {
  const field = document.getElementById(button.dataset.reveal);
  const hidden = field.type === 'password';
  field.type = hidden ? 'text' : 'password';
  button.setAttribute('aria-pressed', String(hidden));
}

document.addEventListener('click', (event) => {
  const button = event.target.closest('button');
  if (button?.dataset.copy) void copy(button);
  if (button?.dataset.reveal) reveal(button);
  for (const menu of document.querySelectorAll('.menu[open]')) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

document.addEventListener('keydown', (event) => {
  const typing = event.target.matches?.('input, textarea, select, [contenteditable]');
  if (event.key === '/' && !typing) {
    const search = document.querySelector('main input[type="search"]');
    if (search?.checkVisibility()) {
      event.preventDefault();
      search.focus();
    }
  }
  if (event.key === 'Escape') {
    for (const menu of document.querySelectorAll('.menu[open]')) {
      menu.open = false;
      menu.querySelector('summary').focus();
    }
  }
});
