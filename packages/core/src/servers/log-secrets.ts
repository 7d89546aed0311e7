/** Names of variables whose values are nobody's business. */
const secretName =
  /TOKEN|SECRET|PASSW|COOKIE|CREDENTIAL|PRIVATE|DATABASE_URL|(^|_)(API_?|ACCESS_?|CRYPT_?)?KEY$/i;

/** Values of an environment that are secret by their names, to be kept out of logs that are shown. */
export function secretValues(environment: object): readonly string[] {
  return Object.entries(environment).flatMap(([name, value]: [string, unknown]) =>
    typeof value === 'string' && secretName.test(name) ? [value] : [],
  );
}

const shortestSecret = 8;
const hidden = '[secret]';

/**
 * Secrets nobody told us of, by their looks: what servers print of addresses (`?token=…`), headers, and anything
 * that has the shape of the hub's own tokens. A checksum of that shape goes too; that does less harm.
 */
const looksSecret: readonly (readonly [RegExp, string])[] = [
  [
    /\b((?:access_|api_|auth_|id_|refresh_)?token|_xsrf|code|password|passwd|secret)=[^\s&"'<>;,)]+/gi,
    `$1=${hidden}`,
  ],
  [/\b((?:proxy-)?authorization["']?\s*[:=]\s*["']?(?:token|bearer|basic)\s+)[^\s"',]+/gi, `$1${hidden}`],
  [/\b((?:set-)?cookie["']?\s*:\s*)[^\r\n]+/gi, `$1${hidden}`],
  [/(\/\/[^\s/:@]+:)[^\s/@]+@/g, `$1${hidden}@`],
  [/(?<![0-9a-z])[0-9a-f]{32}(?![0-9a-z])/gi, hidden],
];

/**
 * A log, or a part of one, without these secrets, however programs write them, and without what looks like one. Values
 * too short to be secrets stay.
 */
export function withoutSecrets(log: string, secrets: Iterable<string>): string {
  const known = [...secrets].filter(({ length }) => length >= shortestSecret);
  let text = log;
  for (const written of longestFirst(known.flatMap(spellings))) text = text.replaceAll(written, hidden);
  for (const secret of longestFirst(known)) text = withoutPartAtStart(withoutPartAtEnd(text, secret), secret);
  for (const [pattern, instead] of looksSecret) text = text.replace(pattern, instead);
  return text;
}

function spellings(secret: string): readonly string[] {
  const bytes = Buffer.from(secret);
  return [
    secret,
    encodeURIComponent(secret.toWellFormed()),
    new URLSearchParams([['', secret]]).toString().slice(1),
    JSON.stringify(secret).slice(1, -1),
    ...(['base64', 'base64url', 'hex'] as const).map((encoding) => bytes.toString(encoding)),
  ];
}

function longestFirst(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)].sort((a, b) => b.length - a.length);
}

/** The beginning of one that is being written. */
function withoutPartAtEnd(text: string, secret: string): string {
  for (let length = secret.length - 1; length >= shortestSecret; length -= 1) {
    if (text.endsWith(secret.slice(0, length))) return `${text.slice(0, -length)}${hidden}`;
  }
  return text;
}

/** The end of one whose beginning lies before this part. */
function withoutPartAtStart(text: string, secret: string): string {
  for (let length = secret.length - 1; length >= shortestSecret; length -= 1) {
    if (text.startsWith(secret.slice(-length))) return `${hidden}${text.slice(length)}`;
  }
  return text;
}
