import nunjucks from 'nunjucks';

/** HTML that is shown as it is. Everything else a template shows is escaped. */
export type SafeHtml = InstanceType<typeof nunjucks.runtime.SafeString>;

/** Marks HTML as trusted. */
export function safeHtml(html: string): SafeHtml {
  return new nunjucks.runtime.SafeString(html);
}

const escapeFilter = new nunjucks.Environment(null).getFilter('escape');

/** The text escaped for element content and quoted attributes, unless it is marked as HTML already. */
export function toHtml(value: unknown): string {
  return String(escapeFilter(value));
}

/** `fill('Allow {app}?', { app })`: both the text and its values are escaped, values that are HTML are kept. */
export function fill(text: string, values: Readonly<Record<string, unknown>>): SafeHtml {
  const parts = String(text).split(/(\{\w+\})/);
  const filled = parts.map((part) => {
    const name = /^\{(\w+)\}$/.exec(part)?.[1];
    return toHtml(name !== undefined && name in values ? values[name] : part);
  });
  return safeHtml(filled.join(''));
}

/** The text inside an element: `user.name | tag('strong')`. The element's name comes from a template. */
export function tag(text: unknown, element: string): SafeHtml {
  return safeHtml(`<${element}>${toHtml(text)}</${element}>`);
}

/** The text as a link. */
export function link(text: unknown, href: string): SafeHtml {
  return safeHtml(`<a href="${toHtml(href)}">${toHtml(text)}</a>`);
}

/**
 * JSON that may stand inside `<script type="application/json">`: no `</script>`, no comment and no line
 * terminator can begin in it.
 */
export function scriptJson(value: unknown): SafeHtml {
  const json = JSON.stringify(value ?? null);
  const escapes = /[<>&\u2028\u2029]/g;
  return safeHtml(json.replace(escapes, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`));
}
