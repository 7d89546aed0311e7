import koffi from 'koffi';
import { allocate, bytesOf, type Pointer, textForC, withNul } from './c-memory.ts';
import {
  authenticate,
  type Callbacks,
  checkAccount,
  disallowNullPassword,
  getItem,
  item,
  pam,
  setItem,
  style,
  transaction,
  wordsFor,
} from './libpam.ts';
import type { SignInFacts, SignInQuestion } from './messages.ts';
import { accountByName } from './name-service.ts';

type Facts = { -readonly [K in keyof SignInFacts]: SignInFacts[K] };

/** Asks PAM, synchronously. Runs in a helper process only. */
export function signInCall(question: SignInQuestion): Omit<SignInFacts, 'took'> {
  const facts: Omit<Facts, 'took'> = {
    stage: 'start',
    code: pam.success,
    text: '',
    user: new Uint8Array(),
    account: null,
    messages: [],
    unanswered: false,
    delay: 0,
  };
  const talk = conversation(question);
  const user = withNul(question.user);
  try {
    facts.code = transaction({ service: question.service, user, callbacks: talk.callbacks }, (handle) => {
      const code = steps(handle, question, facts);
      facts.user = itemBytes(handle, item.user);
      return code;
    });
  } finally {
    for (const secret of question.secrets) secret.fill(0);
  }
  facts.text = wordsFor(facts.code);
  if (facts.stage === 'done') facts.account = accountByName(facts.user);
  return { ...facts, messages: talk.messages, unanswered: talk.unanswered(), delay: talk.delay() };
}

function steps(handle: Pointer, question: SignInQuestion, facts: Omit<Facts, 'took'>): number {
  const { rhost, tty } = question;
  if (rhost) setItem(handle, item.rhost, withNul(rhost));
  if (tty) setItem(handle, item.tty, withNul(tty));

  facts.stage = 'authenticate';
  const known = authenticate(handle, disallowNullPassword);
  if (known !== pam.success) return known;
  if (question.checkAccount) {
    facts.stage = 'account';
    const account = checkAccount(handle, disallowNullPassword);
    if (account !== pam.success) return account;
  }
  // No pam_setcred: modules such as pam_group would change this process for all who come after.
  facts.stage = 'done';
  return pam.success;
}

function itemBytes(handle: Pointer, which: number): Uint8Array {
  const value: (Pointer | null)[] = [null];
  const code = getItem(handle, which, value);
  return code === pam.success && value[0] ? bytesOf(value[0]) : new Uint8Array();
}

/** What libpam keeps of a response: a text and a number that nobody uses. */
const sizeOfResponse = 16;
const sizeOfPointer = 8;
/** PAM_MAX_NUM_MSG. */
const mostMessages = 32;

/** Answers hidden prompts with the secrets in order (P153), and keeps what modules say. */
function conversation({ secrets }: SignInQuestion): {
  readonly callbacks: Callbacks;
  readonly messages: readonly string[];
  unanswered(): boolean;
  delay(): number;
} {
  const messages: string[] = [];
  let used = 0;
  let unanswered = false;
  let delay = 0;

  /** The answer to one message: bytes, null for none, undefined when it cannot be answered. */
  const answerTo = (kind: number, text: string): Uint8Array | null | undefined => {
    if (kind === style.info || kind === style.error) {
      if (messages.length < 20) messages.push(text.slice(0, 500));
      return null;
    }
    // A password is never given to a prompt that would show it; a second secret may be.
    const mayHave = kind === style.hidden || (kind === style.visible && used > 0);
    return mayHave ? secrets[used++] : undefined;
  };

  const converse = (count: number, list: Pointer, responses: Pointer): number => {
    if (count < 1 || count > mostMessages) return pam.conversationError;
    const answers: (Uint8Array | null)[] = [];
    for (let index = 0; index < count; index++) {
      const message: Pointer = koffi.decode(list, index * sizeOfPointer, 'void *');
      const kind = koffi.decode.int(message);
      const text: string | null = koffi.decode(message, sizeOfPointer, 'char *');
      const answer = answerTo(kind, text ?? '');
      if (answer === undefined) {
        unanswered = true;
        return pam.conversationError;
      }
      answers.push(answer);
    }
    const array = allocate(count, sizeOfResponse);
    for (const [index, answer] of answers.entries()) {
      if (answer) koffi.encode(array, index * sizeOfResponse, 'void *', textForC(answer));
    }
    koffi.encode(responses, 'void *', array);
    return pam.success;
  };

  return {
    callbacks: {
      converse,
      failDelay: (microseconds) => {
        delay = Math.max(delay, microseconds / 1000);
      },
    },
    messages,
    unanswered: () => unanswered,
    delay: () => delay,
  };
}
