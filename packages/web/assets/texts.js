// Texts of scripts come with the page, in its language; `{name}` stands for a value.
const { texts = {}, language = 'en' } = window.jhdata ?? {};

export function text(key, values = {}) {
  return (texts[key] ?? key).replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all);
}

const ordinals = new Intl.PluralRules(language, { type: 'ordinal' });
const ordinalKeys = { one: 'ordinalOne', two: 'ordinalTwo', few: 'ordinalFew' };

/** 3 → “3rd”. */
export function ordinal(n) {
  return text(ordinalKeys[ordinals.select(n)] ?? 'ordinalOther', { n });
}

export { language };
