import { expect, it } from 'vitest';
import { answerIn } from './answer.ts';

it('P321: noise around the answer is tolerated', () => {
  expect(answerIn('Last login: today\n{"ok":true,"pid":{"a":1}}\nbye')).toEqual({ ok: true, pid: { a: 1 } });
});

it('no answer is none', () => {
  for (const text of ['', 'hello', '}{', '{ not JSON }']) expect(answerIn(text)).toBeNull();
});
