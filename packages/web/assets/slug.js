// R79: the name of a server from what a person typed: 1–30 characters, a–z, 0–9 and single hyphens, a letter first.
const longest = 30;

export function slug(displayName, taken = []) {
  if (/^[a-z][a-z0-9]*$/.test(displayName) && displayName.length <= longest) return displayName;
  const plain = displayName
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
  // A name without any Latin letter or digit leaves nothing: number them.
  if (!plain) return firstFree('server', taken);
  const named = /^[a-z]/.test(plain) ? plain : `x-${plain}`;
  return named.slice(0, longest).replace(/-$/, '');
}

function firstFree(base, taken) {
  if (!taken.includes(base)) return base;
  let n = 2;
  while (taken.includes(`${base}-${n}`)) n += 1;
  return `${base}-${n}`;
}
