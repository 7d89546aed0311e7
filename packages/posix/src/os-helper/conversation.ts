import koffi from 'koffi';
import { allocate, type Pointer, textForC } from './c-memory.ts';
import { type Callbacks, pam, style } from './libpam.ts';

/** What modules and this process have to say to each other. */
export interface Conversation {
  readonly callbacks: Callbacks;
  /** What modules told. */
  readonly messages: readonly string[];
  /** Did a module ask for more than there were secrets? */
  unanswered(): boolean;
  /** Milliseconds that modules want a refusal to wait. */
  delay(): number;
}

/** What libpam keeps of a response: a text and a number that nobody uses. */
const sizeOfResponse = 16;
const sizeOfPointer = 8;
/** PAM_MAX_NUM_MSG. */
const mostMessages = 32;

/** Answers hidden prompts with the secrets in order (P153), and keeps what modules say. */
export function conversation(secrets: readonly Uint8Array[]): Conversation {
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
