import type { Readable } from 'node:stream';
import { spawnFailure } from '@hub/core/plugin';

/** Bytes a mediator may say in one go. It runs as a user, who can make it say anything, without end. */
const longest = 1 << 20;

/** Lets go of what says more than a mediator has to say, and rejects then; never resolves. */
export async function saidTooMuch(stream: Readable): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  let heard = 0;
  stream.on('data', (chunk: Buffer) => {
    heard += chunk.length;
    if (heard <= longest) return;
    stream.destroy();
    reject(spawnFailure('system', `The mediator said more than ${longest} bytes.`));
  });
  return promise;
}

/** All that is said until the end. Rejects when it is more than a mediator has to say. */
export async function saidBy(stream: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  const ended = new Promise<void>((resolve) => stream.once('close', resolve));
  stream.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', () => {}); // what came of it is told all the same
  await Promise.race([ended, saidTooMuch(stream)]);
  return Buffer.concat(chunks).toString();
}
