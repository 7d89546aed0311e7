import { closeSync, constants, fstatSync, openSync, readFileSync, realpathSync, type Stats } from 'node:fs';
import { userInfo } from 'node:os';
import { secretError } from './secret-error.ts';

const foreignBits = 0o077;
const mostBytes = 65_536;

/**
 * Reads a file that holds a secret, without the blanks around it; `null` when there is none. `what` begins the
 * sentence of an error, as in "The cookie secret".
 *
 * Stricter than W109, which looks at the bits of others alone: the file must be a plain one, the hub's own or
 * root's, and out of reach of group and others.
 *
 * @throws SecretError whose hint is the command that puts it right.
 */
export function readSecretFile(path: string, what: string): string | null {
  const refuse = (why: string, hint: string, cause?: unknown): never => {
    throw secretError(`${what} in ${path} ${why}.`, hint, cause);
  };
  const opened = open(path);
  if (opened === null) return null;
  if (typeof opened !== 'number') {
    if (opened.code === 'ELOOP') return refuse('is a symbolic link', unlinked(path));
    if (opened.code === 'EACCES') {
      const otherwise = 'or run this as the account it belongs to';
      return refuse(`cannot be read by ${account()}`, `${owned(path)}, ${otherwise}`, opened);
    }
    return refuse(`cannot be read: ${opened.code}`, 'Name a plain file.', opened);
  }
  try {
    const facts = fstatSync(opened);
    const fault = faultOf(facts, path);
    if (fault) return refuse(...fault);
    const text = readFileSync(opened, 'utf8').trim();
    if (text === '')
      return refuse('is not there: the file is empty', `openssl rand -hex 32 > ${quotedPath(path)}`);
    return text;
  } finally {
    closeSync(opened);
  }
}

/** A path as a shell takes it, whatever is in it. */
export function quotedPath(path: string): string {
  return `'${path.replaceAll("'", String.raw`'\''`)}'`;
}

/** A link is not followed, and a pipe with nobody at its other end is not waited for. */
function open(path: string): number | NodeJS.ErrnoException | null {
  try {
    const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants;
    return openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    // Node's own functions throw nothing else.
    const failure = error as NodeJS.ErrnoException;
    return failure.code === 'ENOENT' ? null : failure;
  }
}

/** What is wrong with it, and the command against that. */
function faultOf(facts: Stats, path: string): [why: string, hint: string] | null {
  if (facts.isDirectory()) return ['is a folder', `rmdir ${quotedPath(path)}`];
  if (!facts.isFile()) return ['is no plain file', `rm ${quotedPath(path)}`];
  if (facts.size > mostBytes) return ['is larger than any secret', 'Name another file.'];
  const me = process.getuid?.();
  if (me === undefined) return null; // no such permissions on this system
  if (facts.uid !== me && facts.uid !== 0) return ['belongs to another account', owned(path)];
  if ((facts.mode & foreignBits) !== 0) {
    return ['can be read or changed by others', `chmod 600 ${quotedPath(path)}`];
  }
  return null;
}

function owned(path: string): string {
  return `sudo chown ${account()} ${quotedPath(path)} && sudo chmod 600 ${quotedPath(path)}`;
}

function account(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.()); // an account without a name, as containers have
  }
}

/** The secret itself in the place of the link, or no link where it leads nowhere. */
function unlinked(path: string): string {
  const link = quotedPath(path);
  try {
    return `rm ${link} && cp ${quotedPath(realpathSync(path))} ${link} && chmod 600 ${link}`;
  } catch {
    return `rm ${link}`; // it leads nowhere
  }
}
