import { createHash } from 'node:crypto';

const slug = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;

/** May this be the name of a named server? 1–30 of `[a-z0-9]` joined by single `-`, first a letter (R79). */
export function isServerName(name: string): boolean {
  return name.length <= 30 && slug.test(name);
}

/** May this be shown as a server's name? NFC, 1–255 characters, printable, single inner blanks (R79). */
export function isDisplayName(name: string): boolean {
  const length = [...name].length;
  return (
    length >= 1 &&
    length <= 255 &&
    name === name.normalize('NFC') &&
    !/^ | $| {2}/.test(name) &&
    /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]*$/u.test(name)
  );
}

/**
 * A name made from what somebody typed: `My Server!` → `my-server` (R79). With `unique`, eight hex digits of
 * the text's SHA-256 follow, for when the plain one is taken.
 */
export function serverNameFrom(text: string, unique = false): string {
  if (/^[a-z][a-z0-9]*$/.test(text) && text.length <= 30 && !unique) return text;
  const plain = text
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
  const lettered = /^[a-z]/.test(plain) ? plain : plain === '' ? 'x' : `x-${plain}`;
  if (!unique) return lettered.slice(0, 30).replace(/-$/, '');
  const digest = createHash('sha256').update(text, 'utf8').digest('hex').slice(0, 8);
  return `${lettered.slice(0, 21).replace(/-$/, '')}-${digest}`;
}
