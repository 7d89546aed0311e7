// Times in the person's own time zone: relative below a week, the exact one as the title.
import { language, text } from './texts.js';

const relative = new Intl.RelativeTimeFormat(language, { numeric: 'always', style: 'long' });
const day = new Intl.DateTimeFormat(language, { dateStyle: 'medium' });
const clock = new Intl.DateTimeFormat(language, { timeStyle: 'medium', hourCycle: 'h23' });
const hourAndMinute = new Intl.DateTimeFormat(language, { timeStyle: 'short' });
const exact = new Intl.DateTimeFormat(language, { dateStyle: 'full', timeStyle: 'long' });

const week = 7 * 24 * 3600;

function relativeWords(date) {
  const seconds = Math.round((date - Date.now()) / 1000);
  const size = Math.abs(seconds);
  if (size < 45) return text('justNow');
  if (size < 45 * 60) return relative.format(Math.round(seconds / 60) || Math.sign(seconds), 'minute');
  if (size < 22 * 3600) return relative.format(Math.round(seconds / 3600) || Math.sign(seconds), 'hour');
  if (size < week) return relative.format(Math.round(seconds / 86400) || Math.sign(seconds), 'day');
  return day.format(date);
}

export function clockWords(date) {
  return clock.format(date);
}

function dateWords(date) {
  const today = new Date();
  return date.toDateString() === today.toDateString()
    ? text('today', { time: hourAndMinute.format(date) })
    : day.format(date);
}

const words = { relative: relativeWords, clock: clockWords, date: dateWords };

export function showTimes(root = document) {
  for (const element of root.querySelectorAll('time[data-time]')) {
    const date = new Date(element.dateTime);
    if (Number.isNaN(date.valueOf())) continue;
    element.textContent = words[element.dataset.time]?.(date) ?? element.textContent;
    element.title = exact.format(date);
  }
}
