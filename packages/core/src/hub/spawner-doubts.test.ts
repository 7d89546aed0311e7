import { expect, it } from 'vitest';
import {
  createTestHub,
  FakeEngine,
  FakeProxyTable,
  fakeProxy,
  fakeSpawner,
  testAuthenticator,
} from '../../../testing/src/index.ts';
import type { PluginInstance, Spawner } from '../plugin/index.ts';
import { examineConfig } from './examine-config.ts';

function doubtful(): PluginInstance<Spawner> {
  const usual = fakeSpawner(new FakeEngine());
  return {
    ...usual,
    create: (context) => ({
      ...usual.create(context),
      checkConfig: async () => ['The machine is upside down.'],
    }),
  };
}

it('logs at start what a spawner finds doubtful', async () => {
  await using hub = await createTestHub({ plugins: [doubtful()] });
  expect(hub.log).toContainEqual(
    expect.objectContaining({ level: 'warn', message: 'The machine is upside down.' }),
  );
});

it('names what a spawner finds doubtful without starting anything', async () => {
  const plugins = [testAuthenticator(), doubtful(), fakeProxy(new FakeProxyTable())];
  const { problems, warnings } = await examineConfig({ plugins });
  expect(problems).toEqual([]);
  expect(warnings).toContainEqual(expect.stringMatching(/^\w+: The machine is upside down\.$/));
});
