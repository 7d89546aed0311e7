import type { Account, Group } from './name-service-types.ts';

/** How names and secrets become bytes for PAM. */
export type TextEncoding = 'utf8' | 'latin1';

/** One sign-in, as PAM is asked about it. */
export interface SignInQuestion {
  readonly kind: 'sign-in';
  readonly service: string;
  /** Bytes without NUL. */
  readonly user: Uint8Array;
  /** Answers to hidden prompts, in order. Bytes without NUL, overwritten on both sides of the pipe once used. */
  readonly secrets: readonly Uint8Array[];
  /** Runs the account stack after the right secrets, too. */
  readonly checkAccount: boolean;
  readonly rhost: string | null;
  readonly tty: string | null;
}

/** What one helper process can be asked. It answers one question at a time. */
export type Question =
  | SignInQuestion
  | { readonly kind: 'account-by-name'; readonly name: string }
  | { readonly kind: 'account-by-id'; readonly uid: number }
  | { readonly kind: 'groups-of'; readonly name: string }
  | { readonly kind: 'group-by-name'; readonly name: string }
  | { readonly kind: 'look'; readonly service: string };

/** What libpam said, as it is; judged by `verdictOf`. */
export interface SignInFacts {
  /** Where it ended: `done` is success. */
  readonly stage: 'service' | 'library' | 'start' | 'authenticate' | 'account' | 'done';
  /** The last return code. */
  readonly code: number;
  /** libpam's words for it. */
  readonly text: string;
  /** PAM_USER at the end: modules may have changed it. */
  readonly user: Uint8Array;
  /** The system's account of that user; null when the name service knows none. */
  readonly account: Account | null;
  /** What modules told the user (PAM_TEXT_INFO, PAM_ERROR_MSG). */
  readonly messages: readonly string[];
  /** A module asked for more than there were secrets. */
  readonly unanswered: boolean;
  /** Milliseconds that modules want a refusal to wait (PAM_FAIL_DELAY). */
  readonly delay: number;
  /** Milliseconds the call took. */
  readonly took: number;
}

/** What the process that asks PAM may do on this machine. */
export interface PamSurroundings {
  readonly uid: number;
  /** The account it runs under, if it has a name. */
  readonly user: string | null;
  /** May it read the system's own passwords? `absent`: there are none to read. */
  readonly shadow: 'readable' | 'unreadable' | 'absent';
  /** The file of the service; null when there is none. */
  readonly serviceFile: string | null;
  /** Why libpam cannot be used; null when it can. */
  readonly problem: string | null;
}

/** The answer to each question. */
export interface Answers {
  'sign-in': SignInFacts;
  'account-by-name': Account | null;
  'account-by-id': Account | null;
  'groups-of': readonly Group[] | null;
  'group-by-name': Group | null;
  look: PamSurroundings;
}

/** What a helper process sends: once that it can work or why not, then one answer or error per question. */
export type HelperMessage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'unusable'; readonly message: string }
  | { readonly kind: 'answer'; readonly answer: Answers[keyof Answers] }
  | { readonly kind: 'error'; readonly message: string };
