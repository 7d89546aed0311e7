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

/** A log without these secrets, and without what looks like one. Values too short to be secrets stay. */
export function withoutSecrets(log: string, secrets: Iterable<string>): string {
  let text = log;
  for (const secret of secrets) {
    if (secret.length >= shortestSecret) text = text.replaceAll(secret, hidden);
  }
  for (const [pattern, instead] of looksSecret) text = text.replace(pattern, instead);
  return text;
}
