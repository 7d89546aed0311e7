import { expect, it } from 'vitest';
import { accountCommand, makeAccount } from './make-account.ts';

const nobody = { accountOf: async () => null };

it('P151: the command ends with the name, after the number of who has one', () => {
  const command = { addUserCommand: ['add', '--home', '/home/USERNAME/USERNAME'], uids: { ada: 1815 } };
  expect(accountCommand('ada', command)).toEqual(['add', '--home', '/home/ada/ada', '--uid', '1815', 'ada']);
  expect(accountCommand('$&', command)).toEqual(['add', '--home', '/home/$&/$&', '$&']);
});

it('takes no number from where there is none', () => {
  const command = { addUserCommand: ['add'], uids: {} };
  expect(accountCommand('constructor', command)).toEqual(['add', 'constructor']);
});

it('P151: tells status and output of a command that made none', async () => {
  const problem = async (...addUserCommand: string[]) => {
    const made = await makeAccount('ada', { addUserCommand }, nobody);
    return made.account === null ? made.problem : null;
  };
  expect(await problem('/bin/sh', '-c', 'echo said; echo complained >&2; exit 9')).toMatch(
    /made no account: it ended with status 9\. said\ncomplained$/,
  );
  expect(await problem('/bin/true')).toContain('it ended well, but the account is not there');
  expect(await problem('/bin/hub-absent')).toContain('ENOENT');
});

it('is content with an account that somebody else made meanwhile', async () => {
  const account = { name: 'ada', uid: 1815, gid: 1815, gecos: '', home: '/home/ada', shell: '/bin/sh' };
  const accounts = { accountOf: async () => account };
  expect(await makeAccount('ada', { addUserCommand: ['/bin/false'] }, accounts)).toEqual({
    account,
    made: false,
  });
});
