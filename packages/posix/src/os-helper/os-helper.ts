// A program of its own: asks PAM and the name service, one question at a time, for the process that started it.
// Only in here is koffi loaded. A call that hangs, crashes or changes its process harms nobody else.
import { performance } from 'node:perf_hooks';
import type { Answers, HelperMessage, PamSurroundings, Question, SignInFacts } from './messages.ts';
import { serviceFile, shadowState } from './service-file.ts';

const tell = (message: HelperMessage) => process.send?.(message);

async function main(): Promise<void> {
  process.on('disconnect', () => process.exit(0));
  process.on('uncaughtException', () => process.exit(70));
  try {
    // Structures and codes are Linux's.
    if (process.platform !== 'linux') throw new Error(`it knows Linux only, and this is ${process.platform}`);
    const { endWithParent } = await import('./end-with-parent.ts');
    endWithParent();
    const names = await import('./name-service.ts');
    process.on('message', (question: Question) => {
      answer(question, names).then(
        (found) => tell({ kind: 'answer', answer: found }),
        (error: unknown) => tell({ kind: 'error', message: wordsOf(error) }),
      );
    });
    tell({ kind: 'ready' });
  } catch (error) {
    tell({ kind: 'unusable', message: wordsOf(error) });
  }
}

async function answer(
  question: Question,
  names: typeof import('./name-service.ts'),
): Promise<Answers[keyof Answers]> {
  switch (question.kind) {
    case 'sign-in':
      return signIn(question);
    case 'account-by-name':
      return names.accountByName(question.name);
    case 'account-by-id':
      return names.accountById(question.uid);
    case 'groups-of':
      return names.groupsOf(question.name);
    case 'group-by-name':
      return names.groupByName(question.name);
    case 'look':
      return look(question.service, names);
  }
}

async function signIn(question: Extract<Question, { kind: 'sign-in' }>): Promise<SignInFacts> {
  const began = performance.now();
  const nothing = {
    code: 0,
    user: new Uint8Array(),
    account: null,
    messages: [],
    unanswered: false,
    delay: 0,
    took: 0,
  };
  if (!serviceFile(question.service)) return { ...nothing, stage: 'service', text: 'no such service' };
  const problem = await problemOfPam();
  if (problem) return { ...nothing, stage: 'library', text: problem };
  const { signInCall } = await import('./sign-in-call.ts');
  const facts = signInCall(question);
  return { ...facts, took: performance.now() - began };
}

async function look(service: string, names: typeof import('./name-service.ts')): Promise<PamSurroundings> {
  const uid = process.geteuid?.() ?? -1;
  return {
    uid,
    user: names.accountById(uid)?.name ?? null,
    shadow: shadowState(),
    serviceFile: serviceFile(service),
    problem: await problemOfPam(),
  };
}

async function problemOfPam(): Promise<string | null> {
  try {
    await import('./libpam.ts');
    return null;
  } catch (error) {
    return wordsOf(error);
  }
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

await main();
