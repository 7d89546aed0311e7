// The person's servers: start, stop, delete, add. The hub draws the rows; this page fetches them again while
// something moves.
import { api } from './api.js';
import { busy, confirmed, fetchPage, isBusy, replacePart, showError } from './elements.js';
import { slug } from './slug.js';
import { text } from './texts.js';
import { showTimes } from './times.js';

const parts = ['#default-server', '#named-servers', '#shared-servers'];
const soonest = 2000;
const latest = 10_000;
let timer = 0;
let wait = soonest;

async function refresh() {
  clearTimeout(timer);
  try {
    const newer = await fetchPage();
    const typing = document.activeElement?.id === 'new-name';
    const typed = document.getElementById('new-name')?.value ?? '';
    // A field somebody types in stays the same element, with its caret.
    for (const part of parts)
      replacePart(typing && part === '#named-servers' ? `${part} .list` : part, newer);
    const field = document.getElementById('new-name');
    if (field) field.value = typed;
    showTimes();
  } catch {
    // Not reachable or signed out; the next look or click tells.
  }
  watch();
}

/** Looks again while a server starts or stops, less and less often; a hidden tab waits until it is seen. */
function watch() {
  clearTimeout(timer);
  if (!document.querySelector('[data-pending]') || document.hidden) return;
  timer = setTimeout(refresh, wait);
  wait = Math.min(latest, wait * 1.25);
}

async function act(button, words, run) {
  const row = button.closest('[data-server]');
  const error = row.querySelector('[data-error]');
  showError(error, '');
  const others = [...row.querySelectorAll('button, a.btn')].filter((other) => other !== button);
  for (const other of others) other.setAttribute('aria-disabled', 'true');
  const done = busy(button, words);
  try {
    await run(row.dataset.api);
    wait = soonest;
    await refresh();
  } catch (problem) {
    done();
    for (const other of others) other.removeAttribute('aria-disabled');
    showError(row.querySelector('[data-error]'), problem.message);
  }
}

/** A deleted row takes the focus with it: it goes to the row after it, or to the field below. */
function focusAfter(row) {
  const id = (row.nextElementSibling ?? row.previousElementSibling)?.querySelector('a[id], button[id]')?.id;
  return () => (document.getElementById(id ?? '') ?? document.getElementById('new-name'))?.focus();
}

async function remove(button) {
  if (!(await confirmed(button))) return;
  const focus = focusAfter(button.closest('[data-server]'));
  await act(button, text('deleting'), (url) => api('DELETE', url, { remove: true }));
  if (!button.isConnected) focus();
}

async function add(form) {
  const field = form.querySelector('.new-server-name');
  const button = form.querySelector('.new-server-btn');
  const error = document.getElementById('new-error');
  const displayName = field.value.normalize('NFC').replace(/\s+/gu, ' ').trim();
  const fail = (words) => {
    showError(error, words);
    field.setAttribute('aria-invalid', 'true');
    field.focus();
  };
  if (!displayName) return fail(text('nameNeeded'));
  const taken = [...document.querySelectorAll('[data-server]')].map((row) => row.dataset.server);
  const name = slug(displayName, taken);
  const done = busy(button, text('adding'));
  try {
    // W124: makes it without starting it.
    const url = `${window.jhdata.page.named_url}/${encodeURIComponent(name)}`;
    await api('PUT', url, { display_name: displayName });
  } catch (problem) {
    done();
    return fail(problem.status === 409 ? text('nameTaken') : problem.message);
  }
  field.value = '';
  await refresh();
  document.getElementById(`start-${name}`)?.focus();
}

document.addEventListener('click', (event) => {
  const control = event.target.closest('button, a.btn');
  if (!control) return;
  if (isBusy(control)) return event.preventDefault();
  if (control.matches('[data-stop]')) void act(control, text('stopping'), (url) => api('DELETE', url));
  if (control.matches('[data-delete]')) void remove(control);
});
document.addEventListener('submit', (event) => {
  if (event.target.id !== 'new-server') return;
  event.preventDefault();
  if (!isBusy(event.target.querySelector('.new-server-btn'))) void add(event.target);
});
document.addEventListener('visibilitychange', () => {
  if (!document.hidden) void refresh();
});
watch();
