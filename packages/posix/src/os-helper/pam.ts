import { setTimeout as delay } from 'node:timers/promises';
import { type Accounts, accountsBy } from './accounts.ts';
import { isHelperFailure } from './helper-failure.ts';
import { HelperPool, type HelperPoolOptions } from './helper-pool.ts';
import type { PamSurroundings, TextEncoding } from './messages.ts';
import { type PamVerdict, verdictOf } from './verdict.ts';

/** How PAM is asked. */
export interface PamOptions extends HelperPoolOptions {
  /** The PAM service, a file of `/etc/pam.d` (`login`). */
  readonly service?: string | undefined;
  /** How names and secrets become bytes (`utf8`). */
  readonly encoding?: TextEncoding | undefined;
  /** Seconds before which no refusal is answered, counted from when PAM was asked (2). PAM may ask for more. */
  readonly refusalDelay?: number | undefined;
}

/** Somebody who wants to sign in. */
export interface PamRequest {
  readonly user: string;
  /** Answers to hidden prompts, in order: the password, perhaps a one-time password. */
  readonly secrets: readonly string[];
  /** Runs the account stack, too (true): expired accounts, times, places. */
  readonly checkAccount?: boolean | undefined;
  /** The client's address, for modules such as `pam_access`. */
  readonly rhost?: string | undefined;
  readonly tty?: string | undefined;
}

/** PAM and the name service, asked in child processes. Close it when done. */
export interface Pam {
  /**
   * Asks PAM whether these are somebody's secrets. Never rejects. A refusal is answered as late as PAM and
   * `refusalDelay` want it, whatever its reason, by a timer that keeps no process busy.
   */
  authenticate(request: PamRequest): Promise<PamVerdict>;
  /** What PAM finds here. Rejects with a helper failure. */
  look(): Promise<PamSurroundings>;
  readonly accounts: Accounts;
  /** Processes that run now. */
  readonly pids: readonly number[];
  close(): Promise<void>;
}

/** Bytes of a secret, and of a name: more is refused without a call. */
const longestSecret = 16 * 1024;
const longestName = 255;
/** Seconds that a refusal is held back at most, whatever modules ask for. */
const longestDelay = 10;

/**
 * PAM for one service, in a small pool of child processes that live as long as it: modules block, crash, and change
 * the process they run in.
 *
 * @example
 * const pam = createPam({ service: 'login' });
 * const verdict = await pam.authenticate({ user: 'ada', secrets: [password], rhost: ip });
 * if (verdict.outcome === 'accepted') welcome(verdict.user);
 */
export function createPam(options: PamOptions = {}): Pam {
  const { service = 'login', encoding = 'utf8', refusalDelay = 2 } = options;
  const pool = new HelperPool(options);
  const ending = new AbortController();

  /** Holds an answer until `ms` have passed since PAM was asked; at once when the pool closes. */
  const hold = async (verdict: PamVerdict, ms: number): Promise<PamVerdict> => {
    if (verdict.outcome !== 'refused' || ms <= 0) return verdict;
    await delay(ms, undefined, { signal: ending.signal }).catch(() => undefined);
    return verdict;
  };

  return {
    async authenticate({ user, secrets, checkAccount = true, rhost, tty }) {
      const bytes = possibleBytes(user, secrets, encoding);
      if (!bytes) return hold(impossible, refusalDelay * 1000);
      try {
        const facts = await pool.ask({
          kind: 'sign-in',
          service,
          ...bytes,
          checkAccount,
          rhost: itemText(rhost),
          tty: itemText(tty),
        });
        const verdict = verdictOf(facts, service, (text) => Buffer.from(text).toString(encoding));
        const least = Math.min(Math.max(refusalDelay * 1000, facts.delay), longestDelay * 1000);
        return await hold(verdict, least - facts.took);
      } catch (error) {
        if (!isHelperFailure(error)) throw error;
        return { outcome: 'broken', reason: error.reason, message: error.message };
      }
    },
    look: () => pool.ask({ kind: 'look', service }),
    accounts: accountsBy(pool),
    get pids() {
      return pool.pids;
    },
    async close() {
      ending.abort();
      await pool.close();
    },
  };
}

const impossible: PamVerdict = {
  outcome: 'refused',
  reason: 'impossible',
  message: 'nobody can have this name or these secrets',
  messages: [],
};

/** What PAM may be shown; null when a part is nothing that could be right. */
function possibleBytes(
  user: string,
  secrets: readonly string[],
  encoding: TextEncoding,
): { user: Uint8Array; secrets: Uint8Array[] } | null {
  const [password = '', ...others] = secrets;
  // An account without password, or a directory that takes an empty one for "no question", would let anybody in.
  if (password === '' || !isPossibleAccountName(user)) return null;
  const texts = [user, password, ...others];
  if (!texts.every((text) => canBeBytes(text, encoding))) return null;
  const toBytes = (text: string) => new Uint8Array(Buffer.from(text, encoding));
  const [name = new Uint8Array(), ...answers] = texts.map(toBytes);
  if (name.length > longestName || answers.some(({ length }) => length > longestSecret)) return null;
  return { user: name, secrets: answers };
}

/** Could the system have an account of this name? Nothing a command takes for an option, nor a file for a field. */
export function isPossibleAccountName(name: string): boolean {
  if (name === '' || name.length > longestName || name !== name.trim() || !name.isWellFormed()) return false;
  return !/[\u0000-\u001f\u007f:/,]/.test(name) && !/^[-+~]/.test(name) && !/^\.+$/.test(name);
}

/** C ends a text at NUL; a character the encoding lacks would silently become another. */
function canBeBytes(text: string, encoding: TextEncoding): boolean {
  if (text.includes('\0') || !text.isWellFormed()) return false;
  return encoding !== 'latin1' || !/[^\u0000-\u00ff]/.test(text);
}

function itemText(text: string | undefined): string | null {
  return text && !text.includes('\0') ? text : null;
}
