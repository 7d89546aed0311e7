// The options form: one start per click, and a link that carries the choices.
import { busy, isBusy, sayCopied } from './elements.js';
import { text } from './texts.js';

const form = document.getElementById('spawn_form');
const start = document.getElementById('start');

// The way back into a notebook may hold a fragment, which only the browser knows.
if (location.hash) form.setAttribute('action', form.getAttribute('action') + location.hash);

// Of the questions that come with profiles, only those of the chosen one are shown and sent.
const groups = form.querySelectorAll('fieldset[data-profile]');
function showChosen() {
  const radio = form.querySelector('input[type="radio"][name="profile"]:checked');
  if (!radio) return;
  for (const group of groups) {
    const isChosen = group.dataset.profile === radio.value;
    group.hidden = !isChosen;
    group.disabled = !isChosen;
  }
}
form.querySelector('#profiles')?.addEventListener('change', showChosen);
// A browser that comes back to this page puts the choice back by itself, and tells nobody.
window.addEventListener('pageshow', showChosen);

// Who sees a refused form goes on where it is wrong.
form.querySelector('[aria-invalid="true"]:enabled')?.focus();

// A file that is too large need not be sent to be refused. Another one takes the place of the last.
form.addEventListener('change', ({ target }) => {
  const { maxBytes, most } = target.dataset;
  if (!maxBytes) return;
  const [file] = target.files;
  target.setCustomValidity(file && file.size > Number(maxBytes) ? text('fileTooLarge', { limit: most }) : '');
  target.reportValidity();
});

form.addEventListener('submit', (event) => {
  if (isBusy(start)) event.preventDefault();
  else busy(start, text('starting'));
});

document.getElementById('copy-options').addEventListener('click', async (event) => {
  const button = event.currentTarget;
  const link = new URL(window.jhdata.page.spawn_url, location.href);
  const files = new Set([...form.querySelectorAll('input[type="file"]')].map(({ name }) => name));
  for (const [name, value] of new FormData(form)) {
    // W29: `opt-` tells options from other parameters. Files cannot travel in a link.
    if (typeof value !== 'string' || !name || name === '_xsrf' || files.has(name)) continue;
    const group = [...groups].find(({ dataset }) => name.startsWith(`${dataset.profile}--`));
    const option = group ? name.slice(group.dataset.profile.length + 2) : name;
    link.searchParams.append(`opt-${option}`, value);
  }
  try {
    await navigator.clipboard.writeText(link.href);
    sayCopied(button);
  } catch {
    prompt(text('copied'), link.href);
  }
});
