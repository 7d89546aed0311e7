import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmdirSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { machineReason, mayChangeMachine } from '../test/support/test-machine.ts';
import { groupTrees } from './cgroup-layout.ts';
import { type ControlGroups, type GroupLimits, openControlGroups } from './control-groups.ts';
import { isAlive } from './process-identity.ts';

const base = `hub-test-${process.pid}`;
const names = ['escape', 'bomb', 'memory', 'pids', 'cpu'];
let groups: ControlGroups | null = null;

beforeAll(async () => {
  if (mayChangeMachine) groups = await openControlGroups(base);
});
beforeEach(({ skip }) => {
  skip(!mayChangeMachine, machineReason);
  skip(groups === null, 'control groups are read-only here');
});
afterAll(async () => {
  if (!groups) return;
  for (const name of names) await groups.remove(name);
  for (const { folder } of await groupTrees(base)) rmdirSync(folder);
});

/** A shell that waits for a line before it does what it is told, in a group of its own. */
async function inside(name: string, script: string, limits: GroupLimits = {}) {
  const child = spawn('/bin/sh', ['-c', `read -r _; ${script}`], {
    detached: true,
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  await groups?.enter(name, child.pid ?? 0, limits);
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal, output: output.trim() }));
  child.stdin.end('\n');
  return { child, ended };
}

it('holds what left the session, dropped its environment and lost its parent, and kills it', async () => {
  await inside('escape', '(env -i setsid sleep 60 <&- >&- 2>&- &) ; exec sleep 60');
  await expect.poll(async () => (await groups?.members('escape'))?.length).toBe(2);
  const members = (await groups?.members('escape')) ?? [];
  await groups?.remove('escape');
  expect(await Promise.all(members.map(isAlive))).toEqual([false, false]);
  expect(await groups?.members('escape')).toEqual([]);
});

it('kills what multiplies', async () => {
  const { ended } = await inside('bomb', 'while :; do sleep 0.3 & sleep 0.01; done');
  await expect.poll(async () => (await groups?.members('bomb'))?.length ?? 0).toBeGreaterThan(5);
  await groups?.remove('bomb');
  await ended;
  expect(await groups?.members('bomb')).toEqual([]);
});

it('keeps memory within its limit', async ({ skip }) => {
  skip(!groups?.keeps.has('memory'), 'no controller for memory here');
  const grow = `exec ${process.execPath} -e "const all = []; for (;;) all.push(Buffer.alloc(10 << 20, 1))"`;
  const { ended } = await inside('memory', grow, { memory: 200 << 20 });
  expect(await groups?.memoryKills('memory')).toBe(0);
  expect(await ended).toMatchObject({ signal: 'SIGKILL' });
  expect(await groups?.memoryKills('memory')).toBe(1);
  await groups?.remove('memory');
  expect(await groups?.memoryKills('memory')).toBe(0);
});

it('keeps processes within their limit', async ({ skip }) => {
  skip(!groups?.keeps.has('processes'), 'no controller for processes here');
  const script = 'for n in 1 2 3 4 5 6 7 8; do sleep 1 & done; echo all';
  const { ended } = await inside('pids', script, { processes: 5 });
  expect(await ended).toMatchObject({ code: 2, output: '' });
  await groups?.remove('pids');
});

it('keeps the use of cores within its limit', async ({ skip }) => {
  skip(!groups?.keeps.has('cpus'), 'no controller for cores here');
  const { child } = await inside('cpu', 'while :; do :; done', { cpus: 0.1 });
  const used = () => {
    const [user, system] =
      readFileSync(`/proc/${child.pid}/stat`, 'latin1').split(') ')[1]?.split(' ').slice(11) ?? [];
    return Number(user) + Number(system);
  };
  const begin = performance.now();
  await expect.poll(used, { timeout: 20_000 }).toBeGreaterThan(20);
  // 0.2 s of work at a tenth of a core.
  expect(performance.now() - begin).toBeGreaterThan(1500);
  await groups?.remove('cpu');
});

it('limits nothing below a group that has processes of its own (version 2)', async ({ skip }) => {
  const [tree] = await groupTrees(base);
  skip(tree?.version !== 2, 'only on a machine with control groups of version 2');
  const { child, ended } = await inside('occupied', 'exec sleep 60');
  const below = await openControlGroups(`${base}/occupied/below`);
  expect(below?.occupied).toBe(`${tree?.folder}/occupied`);
  expect(below?.keeps).toEqual(new Set());
  // It still holds what is put into it.
  await below?.enter('one', child.pid ?? 0, { memory: 200 << 20, cpus: 1, processes: 9 });
  expect(await below?.members('one')).toHaveLength(1);
  await below?.remove('one');
  await ended;
  rmdirSync(`${tree?.folder}/occupied/below`);
  await groups?.remove('occupied');
});

it('removing what is not there is fine, and nothing is left of what was', async () => {
  await groups?.remove('never');
  for (const { folder } of await groupTrees(base)) {
    expect(
      ['escape', 'bomb', 'memory', 'pids', 'cpu'].filter((name) => existsSync(`${folder}/${name}`)),
    ).toEqual([]);
  }
});

it('has none where it may make none', async () => {
  expect(await openControlGroups('no\0such')).toBeNull();
});
