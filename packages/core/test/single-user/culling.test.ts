import { expect, it } from 'vitest';
import { openClient } from '../../src/storage/database.ts';
import { PythonProgram } from '../python-clients/python.ts';
import { describeWith, openSingleUserHub, patience } from './single-user-hub.ts';

const limit = 300_000;
const token = 'token-of-the-idle-culler';

describeWith('.venv', 'culling of real servers', () => {
  it(
    'goes by what servers report: a server in use stays, an idle one goes (W86, R83)',
    async () => {
      await using hub = await openSingleUserHub({
        spawner: { environment: { JUPYTERHUB_ACTIVITY_INTERVAL: '1' } },
        services: [{ name: 'idle-culler', apiToken: token }],
        roles: [
          {
            name: 'idle-culler',
            scopes: ['list:users', 'read:users:activity', 'read:servers', 'delete:servers'],
            services: ['idle-culler'],
          },
        ],
      });
      await Promise.all([hub.start('idle'), hub.start('busy')]);
      await using database = client(hub.test.database.connection);
      const { sql } = database;
      await sql`UPDATE servers SET requested_at = hub_now() - interval '1 hour', ready_at = hub_now() - interval '1 hour'`;
      const makeOld = (
        user: string,
      ) => sql`UPDATE servers SET last_activity = hub_now() - interval '11 minutes'
        FROM users WHERE users.id = user_id AND users.name = ${user}`;
      await makeOld('busy');
      await hub.test.until(async () => {
        await fetch(`${hub.origin}/user/busy/api/contents`, {
          headers: { authorization: `token ${await hub.test.tokenOf('busy')}` },
        });
        const [row] = await sql`SELECT 1 FROM servers JOIN users ON users.id = user_id
          WHERE users.name = 'busy' AND servers.last_activity > hub_now() - interval '5 minutes'`;
        return row;
      }, patience);

      await using culler = new PythonProgram('jupyterhub-idle-culler', ['--timeout=600', '--cull-every=1'], {
        JUPYTERHUB_API_URL: `${hub.test.url}/hub/api`,
        JUPYTERHUB_API_TOKEN: token,
      });
      const pid = await hub.pid('idle');
      // Its first report, of its own start, may come late.
      await hub.test.until(async () => {
        if (!culler.lives) throw new Error(culler.said);
        await makeOld('idle');
        return (await hub.test.phase('idle')) === 'stopped';
      }, patience);
      expect(() => process.kill(pid, 0)).toThrow('ESRCH');
      expect(await hub.test.phase('busy')).toBe('ready');
      expect(culler.said).toContain('Culling server idle');
      expect(culler.said).not.toContain('Culling server busy');
    },
    limit,
  );
});

function client(connection: Parameters<typeof openClient>[0]) {
  const sql = openClient(connection, 'hub tests', { max: 1 });
  return { sql, [Symbol.asyncDispose]: () => sql.end({ timeout: 1 }) };
}
