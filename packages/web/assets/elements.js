// Small pieces that several pages use.
import { text } from './texts.js';

/** An icon of the sprite. */
export function icon(name) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  const use = document.createElementNS('http://www.w3.org/2000/svg', 'use');
  use.setAttribute('href', `${window.jhdata.icons_url}#${name}`);
  svg.append(use);
  return svg;
}

/** Says what went wrong next to its cause. Empty words take it away again. */
export function showError(place, words) {
  place.replaceChildren();
  if (!words) return;
  const notice = document.createElement('div');
  notice.className = 'notice notice--bad';
  const content = document.createElement('div');
  content.textContent = words;
  notice.append(icon('alert'), content);
  place.append(notice);
}

/**
 * Marks a button as working: it keeps the focus, takes no second click and says what it does. Returns the way back.
 */
export function busy(button, words) {
  const before = [...button.childNodes];
  const label = document.createElement('span');
  label.textContent = words;
  button.setAttribute('aria-disabled', 'true');
  button.classList.add('is-turning');
  button.replaceChildren(icon('starting'), label);
  return () => {
    button.removeAttribute('aria-disabled');
    button.classList.remove('is-turning');
    button.replaceChildren(...before);
  };
}

/** Is it working already? */
export function isBusy(button) {
  return button.getAttribute('aria-disabled') === 'true';
}

/** The button says “Copied” for a moment. */
export function sayCopied(button) {
  const label = button.querySelector('span');
  label.dataset.before ??= label.textContent;
  label.setAttribute('role', 'status');
  label.textContent = text('copied');
  setTimeout(() => {
    label.textContent = label.dataset.before;
  }, 2000);
}

/** Asks in the page's dialog with the words of the button that was pressed; true for yes. */
export function confirmed(button) {
  const dialog = document.getElementById('confirm');
  const { confirmTitle, confirmText, confirmYes } = button.dataset;
  dialog.querySelector('#confirm-title').textContent = confirmTitle;
  dialog.querySelector('#confirm-text').textContent = confirmText;
  dialog.querySelector('#confirm-yes').textContent = confirmYes;
  dialog.returnValue = '';
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => resolve(dialog.returnValue === 'yes'), { once: true });
  });
}

/** The page as the hub shows it now; parts of it replace parts of this one. */
export async function fetchPage() {
  const response = await fetch(location.href, {
    credentials: 'same-origin',
    headers: { Accept: 'text/html' },
  });
  if (!response.ok || response.redirected) throw new Error('the page has moved on');
  return new DOMParser().parseFromString(await response.text(), 'text/html');
}

/** Takes a part of the newer page over; the element of the same id keeps the focus. */
export function replacePart(selector, newer) {
  const old = document.querySelector(selector);
  const fresh = newer.querySelector(selector);
  if (!old || !fresh) return null;
  const focused = old.contains(document.activeElement) ? document.activeElement.id : '';
  const part = document.importNode(fresh, true);
  old.replaceWith(part);
  if (focused) (document.getElementById(focused) ?? part.querySelector('a[href], button'))?.focus();
  return part;
}
