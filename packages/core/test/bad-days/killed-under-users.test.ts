import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { machineReason, mayChangeMachine } from '../../../posix/test/support/test-machine.ts';
import { unreachable } from '../../../spawner-sudo/test/support/sudo-machine.ts';
import { ask, until } from '../../../testing/src/index.ts';
import { BadDay, processesOf } from './support/bad-day.ts';

import type { AccountOfUser, SpawnerKind } from './support/place.ts';

/** Where each user's start or stop stands when the hub is killed, and what the next hub makes of it. */
const starts = [
  ['before anything is launched', 'environment', 'anew'],
  ['with a process that waits at the gate, not recorded', 'before-save', 'anew'],
  ['with a process that waits at the gate, recorded', 'after-save', 'anew'],
  ['with a server that runs and is not known to listen', 'launched', 'same'],
  ['while a server does not answer HTTP', 'busy', 'same'],
  ['before its route is added', 'before-route', 'same'],
  ['when its route is added and it is not recorded as ready', 'after-route', 'same'],
] as const;

/** The server, and by sudo the keeper that tells how it ends. */
const ofOneServer = { local: 1, sudo: 2 } as const;

const reason = mayChangeMachine ? await unreachable() : machineReason;

describe.each<SpawnerKind>(['local', 'sudo'])(
  'P256: kill -9 of a hub with servers under users, by the spawner %s',
  (kind) => {
    beforeEach(({ skip }) => skip(reason !== null, reason ?? ''));
    let day: BadDay;
    const users = new Map<string, AccountOfUser>();
    const user = (name: string): AccountOfUser => {
      const found = users.get(name);
      if (!found) throw new Error(`no user ${name}`);
      return found;
    };
    /** Process ids of servers that ran when the hub died. */
    const before = new Map<string, readonly number[]>();
    const tokens = new Map<string, string>();

    beforeAll(async () => {
      if (reason) return;
      day = await BadDay.make(kind, { servers: { concurrentStarts: starts.length } });
      await day.start();
      const stops = ['stubborn', 'deaf', 'after-stop'] as const;
      const names = [...starts.map(([, where]) => where), 'queued', 'cancelled', 'ready', ...stops];
      for (const name of names) users.set(name, await day.user());

      for (const name of ['ready', ...stops]) {
        await day.startServer(user(name));
        await day.comesTo('ready', user(name));
        const [pid = 0] = day.servers(user(name));
        tokens.set(
          name,
          /JUPYTERHUB_API_TOKEN=(\w+)/.exec(readFileSync(`/proc/${pid}/environ`, 'latin1'))?.[1] ?? '',
        );
      }
      for (const [, where] of starts) {
        await day.hold(where, user(where));
        await day.startServer(user(where));
      }
      for (const [, where] of starts) {
        if (where !== 'busy') await day.reached(where, user(where));
        else await until(() => day.servers(user(where)).length === 1, 60);
      }
      for (const name of ['queued', 'cancelled']) await day.startServer(user(name));
      expect((await day.stopServer(user('cancelled'))).status).toBe(204);
      for (const trait of stops) {
        await day.hold(trait, user(trait));
        await day.stopServer(user(trait));
      }
      await day.reached('after-stop', user('after-stop'));
      await until(async () => (await day.signals(user('deaf'))).includes('SIGTERM'), 60);

      for (const [name, account] of users) before.set(name, day.servers(account));
      await day.end('SIGKILL');
      for (const [, where] of starts) if (where !== 'busy') await day.letGo(where, user(where));
      await day.letGo('after-stop', user('after-stop'));
      await day.start();
    }, 300_000);
    afterAll(async () => {
      if (!day) return;
      for (const account of users.values()) await day.stopServer(account);
      for (const account of users.values()) await day.comesTo('stopped', account);
      await day[Symbol.asyncDispose]();
    }, 120_000);

    it.each(starts)('%s: it gets ready, once', async (_, where, how) => {
      const account = user(where);
      expect(before.get(where)).toHaveLength(how === 'same' ? 1 : 0);
      if (where === 'busy') {
        expect(await day.phase(account)).toBe('spawn');
        await day.letGo('busy', account);
      }
      await day.comesTo('ready', account);
      const running = day.servers(account);
      expect(running).toHaveLength(1);
      if (how === 'same') expect(running).toEqual(before.get(where));
      expect(await day.visit(`/user/${account.name}/`)).toMatchObject({
        status: 200,
        json: { uid: account.uid, pid: running[0] },
      });
      // Nothing else of the first attempt is left: what waited at the gate is gone.
      await until(() => processesOf(account).length === ofOneServer[kind], 20);
    });

    it('in the queue: it is started, once; what was cancelled there stays cancelled', async () => {
      await day.comesTo('ready', user('queued'));
      expect(day.servers(user('queued'))).toHaveLength(1);
      expect(await day.phase(user('cancelled'))).toBe('stopped');
      expect(processesOf(user('cancelled'))).toEqual([]);
    });

    it('with a server that is ready: it goes on, with its route and its token', async () => {
      const account = user('ready');
      expect(await day.phase(account)).toBe('ready');
      expect(day.servers(account)).toEqual(before.get('ready'));
      expect((await day.visit(`/user/${account.name}/`)).status).toBe(200);
      expect((await asServer('ready')).status).toBe(200);
    });

    it.each([
      ['SIGINT was ignored', 'stubborn'],
      ['SIGTERM was ignored', 'deaf'],
      ['the hook after the stop was running', 'after-stop'],
    ] as const)('while it is stopped and %s: it is stopped, and nothing of it is left', async (_, name) => {
      await day.comesTo('stopped', user(name));
      expect(processesOf(user(name))).toEqual([]);
      expect((await asServer(name)).status).toBe(403);
      expect((await day.visit(`/user/${user(name).name}/`)).status).not.toBe(200);
    });

    it('afterwards everybody can stop and start again', async () => {
      for (const [name, account] of users) {
        await day.letGo('stubborn', account);
        await day.letGo('deaf', account);
        if ((await day.phase(account)) !== 'stopped') await day.stopServer(account);
        await day.comesTo('stopped', account);
        expect([name, processesOf(account)]).toEqual([name, []]);
      }
      const one = user('before-save');
      await day.startServer(one);
      await day.comesTo('ready', one);
      expect(day.servers(one)).toHaveLength(1);
    });

    const asServer = (name: string) =>
      ask(day.origin, 'GET', '/hub/api/user', { token: tokens.get(name) ?? '' });
  },
);
