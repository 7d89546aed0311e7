import { createLogger } from '@hub/core';
import { expect, it } from 'vitest';
import { prettyLines } from './pretty-log.ts';

function written(colours: boolean): { lines: string[]; log: ReturnType<typeof createLogger> } {
  const lines: string[] = [];
  const write = prettyLines((text) => void lines.push(text), colours);
  return { lines, log: createLogger('info', { write }) };
}

it('makes one line of an entry, fields behind the sentence', () => {
  const { lines, log } = written(false);
  log.child({ part: 'http' }).info({ url: 'http://x/', what: 'two words', list: [1] }, 'the hub serves');
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(
    /^\d\d:\d\d:\d\d info {2}the hub serves {2}part=http url=http:\/\/x\/ what="two words" list=\[ 1 \]\n$/,
  );
});

it('puts the stack of an error below it', () => {
  const { lines, log } = written(false);
  log.error({ err: new Error('no luck') }, 'it failed');
  expect(lines[0]).toMatch(/^\S+ error it failed\n {4}Error: no luck\n {8}at /);
});

it('passes on what is no JSON', () => {
  const lines: string[] = [];
  prettyLines((text) => void lines.push(text), true)('plain words\n');
  expect(lines).toEqual(['plain words\n']);
});
