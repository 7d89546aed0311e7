import { expect, it } from 'vitest';
import { hubUser, sudoFailure } from './sudo-failure.ts';

const call = { mediatorPath: '/opt/m', account: 'ada' };
const rule = `The rule of sudo does not allow the hub's user ${hubUser()} to run /opt/m as ada without a password.`;

// P326: sudo's words, of several versions, and what they mean.
it.each([
  ['sudo: a password is required', rule],
  ["Sorry, user hub is not allowed to execute '/opt/m' as ada on host.", rule],
  ['hub is not in the sudoers file.', rule],
  [
    'sudo: unknown user ada\nsudo: error initializing audit plugin sudoers_audit',
    'sudo knows no user "ada".',
  ],
  ['sudo: unknown user: ada', 'sudo knows no user "ada".'],
  [
    'sudo: sorry, you must have a tty to run sudo',
    'sudo asks for a terminal (requiretty), and a hub has none.',
  ],
  [
    'sudo: The "no new privileges" flag is set, which prevents sudo from running as root.\nsudo: If sudo is running in a container, …',
    'sudo cannot change users here: the "no new privileges" flag is set.',
  ],
  ['sudo: /opt/m: command not found', 'The mediator /opt/m does not exist, or may not be executed.'],
  [
    'sudo: you do not exist in the passwd database',
    "The hub's own user has no account on this machine, so sudo refuses to work for it.",
  ],
  ['something new', 'The mediator /opt/m failed as ada: something new'],
  ['', 'The mediator /opt/m failed as ada: it said nothing'],
])('%j is explained', (said, message) => {
  expect(sudoFailure(said, call)).toMatchObject({ kind: 'spawn-failure', failure: 'system', message });
});
