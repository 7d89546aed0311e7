import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fingerprint, unlessDone } from './stamp.mjs';

let folder;
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'hub-stamp-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('a fingerprint', () => {
  it('changes with contents, names, new files and other facts, and only with them', async () => {
    await mkdir(path.join(folder, 'src'));
    await writeFile(path.join(folder, 'src/a.ts'), 'one');
    const seen = [await fingerprint([folder])];
    expect(await fingerprint([folder])).toBe(seen[0]);
    await writeFile(path.join(folder, 'src/a.ts'), 'two');
    seen.push(await fingerprint([folder]));
    await writeFile(path.join(folder, 'src/b.ts'), '');
    seen.push(await fingerprint([folder]), await fingerprint([folder], { more: ['linux'] }));
    expect(new Set(seen).size).toBe(4);
  });

  it('leaves out the names it is told to', async () => {
    const before = await fingerprint([folder], { skip: /^dist$/ });
    await mkdir(path.join(folder, 'dist'));
    await writeFile(path.join(folder, 'dist/a.js'), 'built');
    expect(await fingerprint([folder], { skip: /^dist$/ })).toBe(before);
  });
});

describe('stamped work', () => {
  it('is done once for a state and again when the state changes', async () => {
    const stamp = path.join(folder, 'deep/stamp');
    const before = [];
    const work = async (last) => void before.push(last);
    for (const state of ['a', 'a', 'b']) await unlessDone(stamp, async () => state, work);
    expect(before).toEqual([null, 'a']);
  });

  it('is done again after it failed, whatever the state was', async () => {
    const stamp = path.join(folder, 'stamp');
    const state = async () => 'same';
    await unlessDone(stamp, state, async () => {});
    const broken = unlessDone(
      stamp,
      async () => 'other',
      () => Promise.reject(new Error('broken off')),
    );
    await expect(broken).rejects.toThrow('broken off');
    let again = false;
    await unlessDone(stamp, state, async () => {
      again = true;
    });
    expect(again).toBe(true);
  });
});
