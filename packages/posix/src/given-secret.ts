import { secretError } from './secret-error.ts';
import { quotedPath, readSecretFile } from './secret-file.ts';

/** Where a secret may come from. The first that is given counts: value, environment, file (W109, W110). */
export interface SecretSources {
  /** Begins sentences about it: `The cookie secret`. */
  readonly what: string;
  /** From the configuration; `''` for none. `name` is how people call the setting. */
  readonly value: { readonly name: string; readonly text: string };
  readonly variable: { readonly name: string; readonly text: string | undefined };
  readonly file: { readonly name: string; readonly path: string };
}

/** A secret, where it came from, and what is to be said about that. */
export interface GivenSecret {
  readonly text: string;
  /** The setting, variable or file, for messages. */
  readonly from: string;
  /** Sentences for the log: another source was given too and does not count. */
  readonly warnings: readonly string[];
}

/**
 * The secret that counts of those given; `null` when none is. A file is read only when it counts.
 *
 * @throws SecretError for a named file that is missing or open to others.
 */
export function givenSecret({ what, value, variable, file }: SecretSources): GivenSecret | null {
  const warnings: string[] = [];
  if (value.text !== '') {
    if (variable.text && variable.text !== value.text) {
      warnings.push(`${what}: ${value.name} counts; ${variable.name} says something else and is ignored.`);
    }
    if (file.path !== '') warnings.push(`${what}: ${value.name} counts; ${file.name} is ignored.`);
    return { text: value.text, from: value.name, warnings };
  }
  if (variable.text) {
    if (file.path !== '') warnings.push(`${what}: ${variable.name} counts; ${file.name} is ignored.`);
    return { text: variable.text, from: variable.name, warnings };
  }
  if (file.path === '') return null;
  const text = readSecretFile(file.path, what);
  if (text !== null) return { text, from: file.path, warnings };
  throw secretError(
    `${what}: ${file.name} names ${file.path}, which is not there.`,
    `(umask 077; openssl rand -hex 32 > ${quotedPath(file.path)})`,
  );
}
