import { spawn } from 'node:child_process';
import { expect, it } from 'vitest';
import { environmentsFromPs, findByLaunchKey } from './launch-key.ts';

it('finds a process by the key in its environment, by /proc and by ps', async () => {
  const key = `launch-key-${process.pid}`;
  const env = {
    PATH: '/usr/bin:/bin',
    NOT_HUB_LAUNCH_KEY: 'wrong',
    HUB_LAUNCH_KEY: key,
    HUB_LAUNCH_OWNER: 'me',
  };
  const child = spawn('sleep', ['60'], { env });
  try {
    await expect.poll(() => findByLaunchKey(key, 'me')).toHaveLength(1);
    expect(await findByLaunchKey(key, 'you')).toEqual([]);
    const [found] = await findByLaunchKey(key);
    expect(found).toMatchObject({ key, owner: 'me', identity: { pid: child.pid } });

    const variables = await (await environmentsFromPs())(child.pid!);
    expect(variables?.('HUB_LAUNCH_KEY')).toBe(key);
    expect(variables?.('HUB_LAUNCH_OWNER')).toBe('me');
    expect(variables?.('HUB_LAUNCH')).toBeUndefined();
  } finally {
    child.kill('SIGKILL');
  }
});
