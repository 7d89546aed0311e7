import { userInfo } from 'node:os';
import koffi from 'koffi';
import { bytesOf, type Pointer, withNul } from '../os-helper/c-memory.ts';
import { conversation } from '../os-helper/conversation.ts';
import {
  begin,
  checkAccount,
  closeSession,
  credentials,
  environmentList,
  item,
  openSession,
  pam,
  setCredentials,
  setItem,
  type Transaction,
  wordsFor,
} from '../os-helper/libpam.ts';
import { limitsNow, type TakenLimits, takeLimits } from './limits-call.ts';
import type { SessionRefusal, SessionStage } from './messages.ts';

/** An open session. What it set up lives in this very process and in what that starts. */
export interface OpenSession {
  /** Variables that modules want the session to have. */
  readonly env: Readonly<Record<string, string>>;
  /** Limits it set, which this process has not any more. */
  readonly limits: TakenLimits;
  /** Closes it. Answers with libpam's words when that went wrong. */
  close(): string | null;
}

/** Whose session it is. */
export interface SessionOwner {
  readonly service: string;
  readonly user: string;
  readonly gid: number;
}

const initgroups: (user: string, gid: number) => number = koffi
  .load(null)
  .func('int initgroups(const char *user, unsigned int gid)');

/**
 * Opens a session, synchronously, and for this process: a module may change its groups, limits, audit id, mounts and
 * keys. One process keeps one session, and the handle it was opened with closes it (P155).
 */
export function openSessionCall({ service, user, gid }: SessionOwner): OpenSession | SessionRefusal {
  const { callbacks, messages } = conversation([]);
  let stage = 'start' as SessionStage;
  const refusal = (code: number): SessionRefusal => ({
    stage,
    text: wordsFor(code),
    messages: [...messages],
  });
  const begun = begin({ service, user: withNul(user), callbacks });
  if (typeof begun === 'number') return refusal(begun);

  const step = (name: SessionStage, call: (handle: Pointer) => number): number => {
    stage = name;
    return begun.run(call);
  };
  const limitsBefore = limitsNow();
  let code = step('start', describe);
  if (code === pam.success) code = step('account', (handle) => checkAccount(handle, 0));
  // Before the credentials: modules such as pam_group add to what is there.
  if (code === pam.success)
    code = step('groups', () => (initgroups(user, gid) === 0 ? 0 : pam.permissionDenied));
  if (code === pam.success)
    code = step('credentials', (handle) => setCredentials(handle, credentials.establish));
  if (code === pam.success) code = step('session', (handle) => openSession(handle, 0));
  if (code === pam.success) {
    const limits = takeLimits(limitsBefore);
    return { limits, env: environmentOf(begun), close: () => closeCall(begun) };
  }
  if (stage === 'session') begun.run((handle) => setCredentials(handle, credentials.delete));
  begun.end(code);
  return refusal(code);
}

/** Modules such as pam_access want to know where a session comes from: from no terminal, and not from elsewhere. */
function describe(handle: Pointer): number {
  const tty = setItem(handle, item.tty, withNul('hub'));
  return tty || setItem(handle, item.ruser, withNul(userInfo().username));
}

function closeCall(session: Transaction): string | null {
  const closed = session.run((handle) => closeSession(handle, 0));
  const deleted = session.run((handle) => setCredentials(handle, credentials.delete));
  const code = closed || deleted;
  session.end(code);
  return code === pam.success ? null : wordsFor(code);
}

const sizeOfPointer = 8;

function environmentOf(session: Transaction): Readonly<Record<string, string>> {
  const found: Record<string, string> = {};
  session.run((handle) => {
    const list = environmentList(handle);
    if (!list) return pam.success;
    for (let index = 0; ; index++) {
      const text: Pointer | null = koffi.decode(list, index * sizeOfPointer, 'void *');
      if (!text) return pam.success;
      const [, name, value = ''] = /^([^=]+)=(.*)$/s.exec(Buffer.from(bytesOf(text)).toString()) ?? [];
      if (name !== undefined) found[name] = value;
    }
  });
  return found;
}
