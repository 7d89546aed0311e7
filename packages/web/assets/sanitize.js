// HTML that comes from a spawner or an exception is rebuilt from a short list of elements; nothing of it is ever
// put into the page as it came.
const allowed = new Set(['A', 'B', 'I', 'EM', 'STRONG', 'CODE', 'BR']);
// Their text is no text for people.
const dropped = new Set([
  'SCRIPT',
  'STYLE',
  'TEMPLATE',
  'NOSCRIPT',
  'TEXTAREA',
  'TITLE',
  'IFRAME',
  'SVG',
  'MATH',
]);

/** A fragment with the text of `html` and the allowed elements; links only to http(s) and paths of this site. */
export function sanitize(html) {
  const parsed = new DOMParser().parseFromString(String(html), 'text/html');
  const fragment = document.createDocumentFragment();
  copyChildren(parsed.body, fragment);
  return fragment;
}

function copyChildren(from, to) {
  for (const node of from.childNodes) {
    if (node.nodeType === Node.TEXT_NODE) to.append(node.data);
    if (node.nodeType !== Node.ELEMENT_NODE) continue;
    const name = node.nodeName.toUpperCase();
    if (dropped.has(name)) continue;
    copyChildren(node, allowed.has(name) ? to.appendChild(cleanElement(node, name)) : to);
  }
}

function cleanElement(node, name) {
  const element = document.createElement(name);
  const href = name === 'A' ? safeHref(node.getAttribute('href')) : null;
  if (href !== null) {
    element.setAttribute('href', href);
    element.setAttribute('rel', 'noopener noreferrer');
  }
  return element;
}

function safeHref(href) {
  if (!href || !URL.canParse(href, location.href)) return null;
  const url = new URL(href, location.href);
  const isPath = href.startsWith('/') && !href.startsWith('//');
  const isWeb = /^https?:\/\//i.test(href);
  return (isPath || isWeb) && /^https?:$/.test(url.protocol) ? url.href : null;
}
