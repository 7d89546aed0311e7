import { expect, it } from 'vitest';
import { until } from '../../../testing/src/index.ts';
import { HubProcess } from '../support/hub-process.ts';

it('a second hub on the same data folder joins database and proxy, and takes over when the first is killed', async () => {
  await using first = await HubProcess.make({ concurrentStarts: 5, shared: true });
  await first.start();
  const ada = await first.user('ada');
  await ada.startServer();
  await until(async () => (await first.phase(ada)) === 'ready', 30);
  const postmaster = await first.postmaster();
  const proxy = await first.proxy();

  const second = await first.neighbour('another-name');
  try {
    await second.start();
    expect(await second.postmaster()).toBe(postmaster);
    expect(await second.proxy()).toBe(proxy);

    await first.kill();
    const began = performance.now();
    // Through the proxy: its default route leads to the hub that is left, once the other's lease is over.
    const answers = async (path: string) => {
      const headers = { authorization: `token ${ada.token}` };
      const answer = await fetch(new URL(path, first.publicUrl), { headers, redirect: 'manual' }).catch(
        () => null,
      );
      return answer?.status === 200;
    };
    await until(() => answers('/hub/api/user'), 20);
    console.info(
      `the second hub answers ${Math.round(performance.now() - began)} ms after the first was killed`,
    );
    expect(await answers('/user/ada/api')).toBe(true);

    const bob = await second.user('bob');
    await bob.startServer();
    await until(async () => (await second.phase(bob)) === 'ready', 30);
    await bob.stopServer();
    expect(await second.postmaster()).toBe(postmaster);
  } finally {
    await second.stop();
  }
}, 180_000);
