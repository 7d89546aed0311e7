// The options form: one start per click, and a link that carries the choices.
import { busy, isBusy, sayCopied } from './elements.js';
import { text } from './texts.js';

const form = document.getElementById('spawn_form');
const start = document.getElementById('start');

// The way back into a notebook may hold a fragment, which only the browser knows.
if (location.hash) form.setAttribute('action', form.getAttribute('action') + location.hash);

form.addEventListener('submit', (event) => {
  if (isBusy(start)) event.preventDefault();
  else busy(start, text('starting'));
});

document.getElementById('copy-options').addEventListener('click', async (event) => {
  const button = event.currentTarget;
  const link = new URL(window.jhdata.page.spawn_url, location.href);
  for (const [name, value] of new FormData(form)) {
    // W29: `opt-` tells options from other parameters. Files cannot travel in a link.
    if (typeof value === 'string' && name && name !== '_xsrf') link.searchParams.append(`opt-${name}`, value);
  }
  try {
    await navigator.clipboard.writeText(link.href);
    sayCopied(button);
  } catch {
    prompt(text('copied'), link.href);
  }
});
