import { bytesOf, type Pointer, withNul } from './c-memory.ts';
import { conversation } from './conversation.ts';
import {
  authenticate,
  checkAccount,
  disallowNullPassword,
  getItem,
  item,
  pam,
  setItem,
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
  const talk = conversation(question.secrets);
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
