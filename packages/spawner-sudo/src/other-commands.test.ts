import { expect, it } from 'vitest';
import { otherCommands } from './other-commands.ts';

const head = `Matching Defaults entries for hub on host:
    env_reset, mail_badpass, secure_path=/usr/local/sbin\\:/usr/local/bin, use_pty

User hub may run the following commands on host:
`;

// P328: what is allowed is the mediator alone.
it.each([
  ['    (%students) NOPASSWD: /opt/m', []],
  ['    (%students) NOPASSWD: /opt/m --logging=info', []],
  ['    (root) NOPASSWD: /usr/bin/systemctl restart nginx\n    (%students) NOPASSWD: /opt/m', []],
  ['    (%students) NOPASSWD: /opt/m, !/bin/bash', []],
  ['    (%students) NOPASSWD: /opt/m, /bin/bash', ['/bin/bash']],
  ['    (%students) NOPASSWD: /opt/m\n    (ada : staff) SETENV: NOPASSWD: /opt/*', ['/opt/*']],
  ['    (%students) NOPASSWD: /opt/m\n    (ALL) ALL', ['ALL']],
  ['    (%students) NOPASSWD: /opt/m-of-another', ['/opt/m-of-another']],
])('of %j', (lines, others) => {
  expect(otherCommands(`${head}${lines}\n`, '/opt/m')).toEqual(others);
});
