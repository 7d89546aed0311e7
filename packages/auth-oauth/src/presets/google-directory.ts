import { HubError, isHubError, type JsonObject } from '@hub/core/plugin';
import { isSecretError, readSecretFile } from '@hub/posix';
import { importPKCS8, SignJWT } from 'jose';
import { isObject } from '../claims.ts';
import type { Session } from '../provider.ts';
import { allPages, objectsIn, textIn, textOrNull, unexpected, withheld } from './answers.ts';

const scope = 'https://www.googleapis.com/auth/admin.directory.group.readonly';
/** Groups in groups in groups: more than this is more than a sign-in can wait for. */
const mostQuestions = 100;

/** A service account that may read the groups of one Google Workspace in the name of an administrator. */
export interface GoogleDirectory {
  /** The JSON key file of the service account. */
  readonly serviceAccountFile: string;
  /** E-mail address of an administrator; domain-wide delegation lets the account act for them. */
  readonly administrator: string;
}

interface Key {
  readonly email: string;
  readonly privateKey: string;
  readonly tokenUrl: string;
}

/**
 * Reads the key at once, so that a mistake is told at start.
 * @throws HubError `HUB_CONFIG_INVALID` for a file that is missing, open to others, or lacks what is needed
 */
export function readServiceAccount(path: string): Key {
  const key = parsed(secretIn(path));
  if (key === null) throw invalid(path, 'is no JSON');
  const { client_email: email, private_key: privateKey, token_uri: tokenUrl } = key;
  if (typeof email !== 'string' || typeof privateKey !== 'string') {
    throw invalid(path, 'lacks client_email or private_key');
  }
  return {
    email,
    privateKey,
    tokenUrl: typeof tokenUrl === 'string' ? tokenUrl : 'https://oauth2.googleapis.com/token',
  };
}

function secretIn(path: string): string {
  try {
    const text = readSecretFile(path, 'The service account key');
    if (text !== null) return text;
  } catch (error) {
    if (!isSecretError(error)) throw error;
    throw new HubError('HUB_CONFIG_INVALID', error.message, { hint: error.hint });
  }
  throw invalid(path, 'is not there');
}

/** The parser's message would quote the key. */
function parsed(text: string): JsonObject | null {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

function invalid(path: string, what: string): HubError {
  return new HubError('HUB_CONFIG_INVALID', `The service account key ${path} ${what}.`, {
    hint: 'Make a key of type JSON for the service account in the Google Cloud console.',
  });
}

/** E-mail addresses of the groups of this member, with `nested` also of the groups these are in. */
export async function googleGroups(
  session: Session,
  directory: GoogleDirectory,
  member: string,
  nested: boolean,
): Promise<string[]> {
  const token = await accessToken(session, directory);
  const found = new Set<string>();
  const waiting = [member];
  for (let asked = 0; ; asked++) {
    const key = waiting.pop();
    if (key === undefined) return [...found];
    if (asked === mostQuestions) throw unexpected('Google', `more than ${mostQuestions} nested groups`);
    for (const group of await groupsOf(session, token, key)) {
      if (found.has(group)) continue;
      found.add(group);
      if (nested) waiting.push(group);
    }
  }
}

async function groupsOf(session: Session, token: string, member: string): Promise<readonly string[]> {
  const query = { userKey: member, maxResults: '200' };
  const entries = await allPages('Google', 'groups', '', async (pageToken) => {
    const { status, body } = await session.api('/groups', {
      token,
      query: pageToken === '' ? query : { ...query, pageToken },
    });
    if (status === 401 || status === 403) throw notDelegated();
    if (status !== 200 || !isObject(body)) throw unexpected('Google', 'groups');
    // A member of no group has no list at all.
    return {
      entries: objectsIn(body.groups ?? [], 'Google', 'groups'),
      next: textOrNull(body.nextPageToken),
    };
  });
  return entries.map((group: JsonObject) => textIn(group, 'email', 'Google', 'groups').toLowerCase());
}

/** Signs as the service account, for the administrator (RFC 7523). */
async function accessToken(session: Session, directory: GoogleDirectory): Promise<string> {
  const { email, privateKey, tokenUrl } = serviceAccountOf(directory);
  const assertion = await new SignJWT({ scope })
    .setProtectedHeader({ alg: 'RS256', typ: 'JWT' })
    .setIssuer(email)
    .setSubject(directory.administrator)
    .setAudience(tokenUrl)
    .setIssuedAt()
    .setExpirationTime('5m')
    .sign(await importPKCS8(privateKey, 'RS256'));
  const answer = await session.fetch(tokenUrl, {
    method: 'POST',
    headers: { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion }),
    redirect: 'manual',
  });
  if (answer.status === 400 || answer.status === 401) throw notDelegated();
  const body: unknown = await answer.json().catch(() => null);
  if (answer.status !== 200 || !isObject(body)) throw unexpected('Google', 'the service account');
  return textIn(body, 'access_token', 'Google', 'the service account');
}

/** Whoever signs in learns nothing of files. */
function serviceAccountOf({ serviceAccountFile }: GoogleDirectory): Key {
  try {
    return readServiceAccount(serviceAccountFile);
  } catch (error) {
    if (!isHubError(error)) throw error;
    throw silent(error.message);
  }
}

function notDelegated(): HubError {
  return silent(
    `The service account needs domain-wide delegation for ${scope}, its administrator the right to read groups, and the project the Admin SDK API.`,
  );
}

function silent(hint: string): HubError {
  return withheld('Google does not tell the groups of who signs in.', hint);
}
