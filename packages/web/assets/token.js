// Makes and revokes tokens; ends logins.
import { api } from './api.js';
import { busy, confirmed, fetchPage, isBusy, replacePart, showError } from './elements.js';
import { text } from './texts.js';
import { showTimes } from './times.js';

const byId = (id) => document.getElementById(id);
const form = byId('request-token-form');
const scopesField = byId('token-scopes');
const picker = byId('token-scope-picker');
const boxes = picker ? [...picker.querySelectorAll('input[type="checkbox"]')] : [];
const extent = (value) => form.querySelector(`[name="extent"][value="${value}"]`);

/** Scopes as text: separated by spaces or commas (W126). */
const typedScopes = () => scopesField.value.split(/[\s,]+/).filter(Boolean);

function showScopes() {
  const some = extent('some').checked;
  if (picker) picker.hidden = !some;
  const scopes = typedScopes();
  for (const box of boxes) box.checked = scopes.includes(box.value);
  const picked = boxes.filter((box) => box.checked);
  if (picker)
    byId('token-scope-count').textContent = text('picked', { count: picked.length, total: boxes.length });
  byId('token-summary').textContent = some ? summary(picked, scopes) : text('canAll');
}

function summary(picked, scopes) {
  if (!scopes.length) return text('canNothing');
  const words = picked.map((box) => box.closest('.scope').querySelector('[data-words]').textContent);
  const rest = scopes.filter((scope) => !boxes.some((box) => box.value === scope));
  const all = [...words, ...rest];
  const list = all.slice(0, 3).join(', ');
  return text('canSome', { list: all.length > 3 ? text('and', { list, count: all.length - 3 }) : list });
}

function pick(box) {
  const others = typedScopes().filter((scope) => scope !== box.value);
  scopesField.value = (box.checked ? [...others, box.value] : others).join(' ');
  showScopes();
}

form.addEventListener('change', ({ target }) => {
  if (boxes.includes(target)) pick(target);
  if (target.name === 'extent') {
    if (target.value === 'all') scopesField.value = '';
    showScopes();
  }
});
scopesField.addEventListener('input', () => {
  extent(typedScopes().length ? 'some' : 'all').checked = true;
  showScopes();
});

byId('token-scope-search')?.addEventListener('input', ({ target }) => {
  const wanted = target.value.trim().toLowerCase();
  for (const scope of picker.querySelectorAll('.scope')) {
    scope.hidden = !scope.textContent.toLowerCase().includes(wanted);
  }
  for (const group of picker.querySelectorAll('.scopes__group')) {
    group.hidden = !group.querySelector('.scope:not([hidden])');
  }
});

function tokenRequest() {
  const seconds = byId('token-expiration-seconds').value;
  const scopes = typedScopes();
  return {
    note: byId('token-note').value.trim() || undefined,
    expires_in: seconds ? Number(seconds) : null,
    scopes: extent('some').checked ? scopes : undefined,
  };
}

async function makeToken() {
  const error = byId('token-error');
  const button = form.querySelector('[type="submit"]');
  if (isBusy(button)) return;
  showError(error, '');
  const request = tokenRequest();
  if (request.scopes?.length === 0) return showError(error, text('pickOne'));
  const done = busy(button, text('makingToken'));
  try {
    const { body } = await api('POST', window.jhdata.page.api_url, request);
    byId('token-result').textContent = body.token;
    byId('token-area').hidden = false;
    byId('token-area').focus();
    byId('token-note').value = '';
    await refresh();
  } catch (problem) {
    showError(error, problem.message);
  } finally {
    done();
  }
}

async function refresh() {
  try {
    const newer = await fetchPage();
    for (const part of ['#api-tokens-section', '#oauth-clients-section', '#logins-section'])
      replacePart(part, newer);
    showTimes();
  } catch {
    // The lists are as they were; a reload shows the new ones.
  }
}

form.addEventListener('submit', (event) => {
  event.preventDefault();
  void makeToken();
});

/** All tokens of an application go together; one that is gone already is no error. */
async function deleteAll(urls) {
  for (const url of urls) {
    await api('DELETE', url).catch((problem) => {
      if (problem.status !== 404) throw problem;
    });
  }
}

async function revoke(button) {
  if (isBusy(button) || !(await confirmed(button))) return;
  const row = button.closest('[data-row]');
  const section = row.closest('section');
  const next = row.nextElementSibling ?? row.previousElementSibling;
  const done = busy(button, text('revoking'));
  try {
    await deleteAll(row.dataset.deleteUrls.split(' ').filter(Boolean));
  } catch (problem) {
    done();
    const cell = row.lastElementChild;
    cell.querySelector('.server__error')?.remove();
    const place = document.createElement('div');
    place.className = 'server__error';
    place.setAttribute('role', 'status');
    cell.append(place);
    return showError(place, problem.message);
  }
  row.remove();
  (next?.querySelector('button') ?? byId('token-note')).focus();
  if (!section.querySelector('[data-row]')) await refresh();
}

/** Ends the login of this browser too: the page it is on then leads to the sign-in. */
async function logOutEverywhere(button) {
  if (isBusy(button) || !(await confirmed(button))) return;
  const done = busy(button, text('loggingOut'));
  try {
    await api('DELETE', button.dataset.url);
  } catch (problem) {
    done();
    return showError(byId('logins-error'), problem.message);
  }
  location.reload();
}

document.addEventListener('click', (event) => {
  const button = event.target.closest('.revoke-token-btn, [data-revoke]');
  if (button) void revoke(button);
  const everywhere = event.target.closest('#logout-everywhere');
  if (everywhere) void logOutEverywhere(everywhere);
});

showScopes();
