import type { Account } from '@hub/posix';
import { expect, it } from 'vitest';
import { accountOf } from './account.ts';

const account = (name: string, uid = 1000): Account => ({
  name,
  uid,
  gid: 1000,
  gecos: '',
  home: '/home/x',
  shell: '/bin/sh',
});
const everybody = { accountOf: async (name: string) => account(name) };

it.each(['#0', '-uroot', '%wheel', '!ada', 'a b', 'a\nb', 'a:b', '..', ''])(
  'sudo is never given %j for an account, though the directory has one',
  async (name) => {
    await expect(accountOf(name, everybody)).rejects.toThrow(`This machine has no account "${name}".`);
  },
);

it('a directory may spell a name in its own way, but not turn it into something else', async () => {
  const canonical = { accountOf: async () => account('ada') };
  expect((await accountOf('Ada', canonical)).name).toBe('ada');
  await expect(accountOf('ada', { accountOf: async () => account('#0') })).rejects.toThrow('no account');
});

it('nobody is root, whatever the name', async () => {
  await expect(accountOf('toor', { accountOf: async () => account('toor', 0) })).rejects.toThrow(
    'The account "toor" is root: no server runs as root.',
  );
});
