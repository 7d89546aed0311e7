/** Text that may stand in a page as it is. */
export interface Markup {
  readonly markup: string;
}

/** What may stand in a piece of a page. */
export type Part = string | number | false | null | Markup | readonly Markup[];

/** A piece of a page; every value in it that is no piece itself is escaped (W131). */
export function markup(fixed: TemplateStringsArray, ...values: readonly Part[]): Markup {
  const text = fixed.map((piece, index) => `${index === 0 ? '' : show(values[index - 1] ?? null)}${piece}`);
  return { markup: text.join('') };
}

function show(part: Part): string {
  if (part === null || part === false) return '';
  if (typeof part === 'string' || typeof part === 'number') return escapeHtml(String(part));
  return 'markup' in part ? part.markup : part.map((one) => one.markup).join('\n');
}

/** Text from the operator, as it is. */
export function trusted(text: string): Markup {
  return { markup: text };
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (mark) => entities[mark] ?? '');
}
