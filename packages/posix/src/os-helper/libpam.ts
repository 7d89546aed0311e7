import koffi from 'koffi';
import type { Pointer } from './c-memory.ts';

/** Values of Linux-PAM's `_pam_types.h`; other systems have other numbers. */
export const pam = {
  success: 0,
  permissionDenied: 6,
  authError: 7,
  userUnknown: 10,
  maxTries: 11,
  newPasswordRequired: 12,
  accountExpired: 13,
  credentialExpired: 16,
  conversationError: 19,
  passwordExpired: 27,
  moduleUnknown: 28,
} as const;

/** Items of a transaction. */
export const item = { user: 2, tty: 3, rhost: 4, ruser: 8, failDelay: 10 } as const;

/** Styles of a message. */
export const style = { hidden: 1, visible: 2, error: 3, info: 4 } as const;

/** No account is let in without a password. */
export const disallowNullPassword = 1;

/** What `setCredentials` shall do. */
export const credentials = { establish: 2, delete: 4 } as const;

const library = koffi.load('libpam.so.0');

const conversation = koffi.proto(
  'int PamConversation(int count, void *messages, void *responses, void *data)',
);
const failDelay = koffi.proto('void PamFailDelay(int code, unsigned int delay, void *data)');
const conv = koffi.struct({ converse: koffi.pointer(conversation), data: 'void *' });

const start: (service: string, user: Uint8Array, conv: object, handle: (Pointer | null)[]) => number =
  library.func('pam_start', 'int', [
    'const char *',
    'const void *',
    koffi.pointer(conv),
    koffi.out(koffi.pointer('void *')),
  ]);

export const setItem: (handle: Pointer, item: number, value: Uint8Array | Pointer) => number = library.func(
  'int pam_set_item(void *handle, int item, const void *value)',
);
export const getItem: (handle: Pointer, item: number, value: (Pointer | null)[]) => number = library.func(
  'int pam_get_item(const void *handle, int item, _Out_ void **value)',
);
export const authenticate: (handle: Pointer, flags: number) => number = library.func(
  'int pam_authenticate(void *handle, int flags)',
);
export const checkAccount: (handle: Pointer, flags: number) => number = library.func(
  'int pam_acct_mgmt(void *handle, int flags)',
);
export const setCredentials: (handle: Pointer, flags: number) => number = library.func(
  'int pam_setcred(void *handle, int flags)',
);
export const openSession: (handle: Pointer, flags: number) => number = library.func(
  'int pam_open_session(void *handle, int flags)',
);
export const closeSession: (handle: Pointer, flags: number) => number = library.func(
  'int pam_close_session(void *handle, int flags)',
);
/** Texts `NAME=value`, ended by a null pointer; the receiver frees them. */
export const environmentList: (handle: Pointer) => Pointer | null = library.func(
  'void *pam_getenvlist(void *handle)',
);
const end: (handle: Pointer, code: number) => number = library.func('int pam_end(void *handle, int code)');
const strerror: (handle: Pointer | null, code: number) => string | null = library.func(
  'const char *pam_strerror(void *handle, int code)',
);

/** libpam's words for a code. */
export function wordsFor(code: number): string {
  return strerror(null, code) ?? `code ${code}`;
}

/** What libpam calls while it works. Whatever these throw becomes an error of the conversation. */
export interface Callbacks {
  /** Answers prompts by writing `responses`; returns a code. */
  converse(count: number, messages: Pointer, responses: Pointer): number;
  /** Microseconds that modules want a refusal to wait. */
  failDelay(microseconds: number): void;
}

let current: Callbacks | null = null;

// Registered once for the life of the process: a slot for each call would leak. An exception that left a callback
// would reach libpam as 0, which is PAM_SUCCESS.
const onConverse = koffi.register((count: number, messages: Pointer | null, responses: Pointer | null) => {
  try {
    if (!current || !messages || !responses) return pam.conversationError;
    return current.converse(count, messages, responses);
  } catch {
    return pam.conversationError;
  }
}, koffi.pointer(conversation));

const onFailDelay = koffi.register((_code: number, microseconds: number) => {
  current?.failDelay(microseconds);
}, koffi.pointer(failDelay));

/** Who asks for what. `user` ends with NUL. */
export interface TransactionStart {
  readonly service: string;
  readonly user: Uint8Array;
  readonly callbacks: Callbacks;
}

/** A transaction between `pam_start` and `pam_end`. */
export interface Transaction {
  /** Runs calls of libpam; `work` returns the code it ended with. */
  run(work: (handle: Pointer) => number): number;
  /** The last call; `code` is what the one before it returned. */
  end(code: number): void;
}

/** Begins a transaction, or answers with the code why there is none. */
export function begin({ service, user, callbacks }: TransactionStart): Transaction | number {
  const handle: (Pointer | null)[] = [null];
  const started = start(service, user, { converse: onConverse, data: null }, handle);
  const opened = handle[0];
  if (started !== pam.success || !opened) return started || pam.conversationError;
  const within = <T>(work: () => T): T => {
    current = callbacks;
    try {
      return work();
    } finally {
      current = null;
    }
  };
  const made: Transaction = {
    run: (work) => within(() => work(opened)),
    end: (code) => void within(() => end(opened, code)),
  };
  // Without it libpam sleeps by itself, and who guesses passwords keeps this process from its work.
  const code = setItem(opened, item.failDelay, onFailDelay);
  if (code === pam.success) return made;
  made.end(code);
  return code;
}

/** Runs a transaction from `pam_start` to `pam_end`; `work` returns the code it ended with. */
export function transaction(from: TransactionStart, work: (handle: Pointer) => number): number {
  const begun = begin(from);
  if (typeof begun === 'number') return begun;
  let code: number = pam.conversationError;
  try {
    code = begun.run(work);
    return code;
  } finally {
    begun.end(code);
  }
}
