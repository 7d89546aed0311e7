// Follows a start: queue, steps, log, and on to the server. The stream tells everything from the beginning each
// time it is opened, so what is shown can always be drawn anew.
import { api, withXsrf } from './api.js';
import { busy, icon, isBusy, showError } from './elements.js';
import { sanitize } from './sanitize.js';
import { followLog } from './server-log.js';
import { ordinal, text } from './texts.js';
import { clockWords } from './times.js';

const { progress_url: progressUrl, api_url: apiUrl, log_url: logUrl, server } = window.jhdata.page;
const byId = (id) => document.getElementById(id);
const message = byId('progress-message');
const bar = byId('progress-bar');
const log = byId('progress-log');
const details = byId('progress-details');
const stop = byId('stop');
const title = document.title;

const pollEvery = 3000;
const sayQueueEvery = 10_000; // places are spoken at most this often

let stream = null;
let poll = 0;
let over = false;
let firstPlace = null;
let lastSaid = 0;
let openedAt = 0;

function open() {
  stream = new EventSource(withXsrf(progressUrl));
  stream.onopen = () => {
    openedAt = Date.now();
    log.replaceChildren();
    byId('progress-broken').hidden = true;
    clearTimeout(poll);
  };
  stream.onmessage = ({ data }) => {
    let event;
    try {
      event = JSON.parse(data);
    } catch {
      return; // not for us
    }
    show(event);
  };
  stream.onerror = broken;
}

/** The stream ended without a last word: says so, looks every few seconds, and tries the stream again. */
function broken() {
  stream.close();
  if (over) return;
  byId('progress-broken').hidden = false;
  clearTimeout(poll);
  poll = setTimeout(look, pollEvery);
}

async function look() {
  try {
    const { body } = await api('GET', apiUrl);
    if (body?.ready || body?.pending !== 'spawn') return leave();
  } catch (problem) {
    // Not allowed to look, or signed out: the page itself knows where to go.
    if (problem.status >= 400 && problem.status < 500) return leave();
    poll = setTimeout(look, pollEvery);
    return;
  }
  if (!over) open();
}

/** The hub decides what comes next: the server, the failure, or this page once more (W33). */
function leave() {
  over = true;
  stream?.close();
  location.reload();
}

function show(event) {
  const { progress, queue } = event;
  const waiting = Number.isInteger(queue) && queue >= 0 && !event.ready && !event.failed;
  if (Number.isFinite(progress) && !waiting) bar.value = Math.min(100, Math.max(0, progress));
  addLine(event);
  if (waiting) return showQueue(queue + 1);
  hideQueue();
  if (event.ready) return showReady();
  if (event.failed) return showFailure(event);
  fill(message, event);
  document.title = title;
  showPhase('starting', text('startingPhase'));
  showSteps('starting', progress > 0 ? (event.message ?? '') : '');
}

function addLine(event) {
  if (!event.message && !event.html_message) return;
  const line = document.createElement('div');
  line.className = event.failed ? 'log__line log__line--bad' : 'log__line';
  const time = document.createElement('time');
  const at = eventTime(event);
  if (at) time.textContent = clockWords(at);
  const words = document.createElement('span');
  fill(words, event);
  line.append(time, words);
  const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
  log.append(line);
  if (atEnd) log.scrollTop = log.scrollHeight;
}

/** When it happened: as told, or now for what arrives after the first burst, which tells the past. */
function eventTime(event) {
  const told = new Date(event.at ?? event.timestamp ?? Number.NaN);
  if (!Number.isNaN(told.valueOf())) return told;
  return Date.now() - openedAt > 1000 ? new Date() : null;
}

function fill(element, event) {
  if (event.html_message) element.replaceChildren(sanitize(event.html_message));
  else element.textContent = event.message ?? element.textContent;
}

function showQueue(place) {
  firstPlace ??= place;
  const words = ordinal(place);
  byId('progress-box').className = 'queue';
  byId('queue-place').hidden = false;
  byId('queue-place').textContent = words;
  byId('queue-note').hidden = false;
  bar.value = 0;
  document.title = text('queueTitle', { place: words, server });
  showPhase('queued', text('queuedPhase'));
  showSteps('waiting', firstPlace === place ? '' : text('was', { first: ordinal(firstPlace), place: words }));
  if (Date.now() - lastSaid < sayQueueEvery) {
    message.setAttribute('aria-live', 'off');
  } else {
    lastSaid = Date.now();
    message.removeAttribute('aria-live');
  }
  message.textContent = text('inQueue', { place: words });
}

function hideQueue() {
  byId('progress-box').className = '';
  byId('queue-place').hidden = true;
  byId('queue-note').hidden = true;
  message.removeAttribute('aria-live');
}

function showReady() {
  bar.value = 100;
  message.textContent = text('readyText');
  document.title = text('readyTitle', { server });
  showPhase('ready', text('ready'));
  showSteps('connecting', '');
  leave();
}

function showFailure(event) {
  over = true;
  stream.close();
  bar.value = 100;
  bar.classList.add('progress--bad');
  message.setAttribute('role', 'alert');
  fill(message, event);
  document.title = text('failedTitle', { server });
  showPhase('failed', text('failedPhase'));
  failStep();
  details.open = true;
  serverLog.end();
  stop.hidden = true;
  byId('progress-forward').hidden = true;
  byId('progress-why').hidden = false;
}

function showPhase(name, words) {
  const badge = document.querySelector('[data-phase]');
  if (badge.classList.contains(`phase--${name}`)) return;
  const label = document.createElement('span');
  label.textContent = words;
  badge.className = `phase phase--${name}`;
  badge.replaceChildren(icon(name), label);
}

const steps = [...document.querySelectorAll('[data-step]')];

function showSteps(current, words) {
  const at = steps.findIndex((step) => step.dataset.step === current);
  steps.forEach((step, index) => {
    if (step.dataset.step === 'waiting' && current === 'waiting') step.hidden = false;
    setStep(step, index < at ? 'done' : index === at ? 'now' : 'todo', index === at ? words : '');
  });
}

function failStep() {
  const now = steps.find((step) => step.classList.contains('steps__item--now')) ?? steps[0];
  setStep(now, 'failed', '');
}

const marks = { done: 'check', now: 'clock', failed: 'x' };

function setStep(step, state, words) {
  step.className = `steps__item steps__item--${state}`;
  if (state === 'now') step.setAttribute('aria-current', 'step');
  else step.removeAttribute('aria-current');
  step.querySelector('.steps__mark').replaceChildren(...(marks[state] ? [icon(marks[state])] : []));
  step.querySelector('.sr').textContent = step.dataset[state];
  const small = step.querySelector('small');
  small.textContent = words;
  small.hidden = !words;
}

stop.addEventListener('click', async () => {
  if (isBusy(stop)) return;
  showError(byId('stop-error'), '');
  const done = busy(stop, text('cancelling'));
  over = true; // the stream will end; that is no news
  try {
    await api('DELETE', apiUrl);
    stream?.close();
    location.assign(`${window.jhdata.base_url}home`);
  } catch (problem) {
    over = false;
    done();
    showError(byId('stop-error'), problem.message);
  }
});

const serverLog = followLog(logUrl);
showSteps(window.jhdata.page.queue === null ? 'accepted' : 'waiting', '');
if (window.jhdata.page.queue !== null) showQueue(window.jhdata.page.queue + 1);
open();
