import { answerChecks } from '../../../testing/src/test-hub/test-client.ts';

/** Setup of every suite: what the test client gets from a REST API has to be as its description says. */
answerChecks.add(async (origin, { method, path }, { status, headers, text }) => {
  if (!path.startsWith('/hub/api')) return;
  const { checkAnswer } = await import('./check-answer.ts');
  await checkAnswer(origin, { method, path, body: text, answer: { statusCode: status, headers } });
});
