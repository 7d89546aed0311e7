import path from 'node:path';
import { expect, it } from 'vitest';
import { joseSealer, readCryptKeys } from '../../src/hub/sealer.ts';
import { Database } from '../../src/storage/database.ts';
import { postgresAuthorities } from '../../src/storage/postgres-authorities.ts';
import { Authorities } from '../../src/tls/index.ts';
import { describeWith } from '../single-user/single-user-hub.ts';
import { silentLogger } from '../support/silent-logger.ts';
import { cryptKey, TlsMachine } from './support/tls-hub.ts';

const limit = 300_000;
const program = path.resolve(import.meta.dirname, '../../../../.venv/bin/jupyterhub-singleuser');

describeWith('.venv', 'new authorities', () => {
  it(
    'go on with a server that was given the old ones, and with the proxy that was there',
    async () => {
      await using machine = await TlsMachine.open({
        command: [program, ...(process.getuid?.() === 0 ? ['--allow-root'] : [])],
      });
      await machine.startServer('ada');
      // A token the server has not seen: it asks the hub about it.
      const status = async (user: string) => {
        const authorization = `token ${await machine.hub.tokenOf(user)}`;
        return (await machine.get(`/user/${user}/api/status`, { authorization })).status;
      };
      expect(await status('ada')).toBe(200);
      const proxy = await machine.proxyPid();

      await renew(machine);
      await machine.leave();
      await machine.start();

      expect(await machine.proxyPid()).toBe(proxy);
      expect(await status('ada')).toBe(200);
      // This one has a certificate of the new ones.
      await machine.startServer('eve');
      expect(await status('eve')).toBe(200);
      await machine.stopServer('ada');
      await machine.stopServer('eve');
    },
    limit,
  );
});

async function renew({ database }: TlsMachine): Promise<void> {
  const db = new Database(database.connection, silentLogger);
  const sealer = joseSealer(readCryptKeys([cryptKey], 'the test'));
  const authorities = new Authorities({ store: postgresAuthorities(db), sealer, now: () => new Date() });
  await authorities.renew({ atOnce: true });
  await db.close();
}
