import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { localSpawner } from '../../../spawner-local/src/index.ts';
import { createTestHub, type TestHub } from '../../../testing/src/index.ts';

/** A real process that answers like a server, and ends with the status it is asked for. */
const program = `
const { createServer } = require('node:http');
const { hostname, port } = new URL(process.env.JUPYTERHUB_SERVICE_URL);
createServer((request, response) => {
  const code = /[?]exit=(\\d+)/.exec(request.url);
  response.end('{}', () => code && process.exit(Number(code[1])));
}).listen(port, hostname);
`;

describe('a server that ends by itself, as one does that nobody uses (P250)', () => {
  let hub: TestHub;
  beforeAll(async () => {
    hub = await createTestHub({
      servers: { implicitStartSeconds: 1 },
      plugins: [
        localSpawner({
          runAs: 'hub',
          iKnowUsersShareTheHubAccount: true,
          command: [process.execPath, '-e', program],
          pollInterval: 1,
        }),
      ],
    });
  });
  afterAll(() => hub[Symbol.asyncDispose]());

  it.each([
    { code: 0, level: 'info' },
    { code: 3, level: 'warn' },
  ])(
    'with $code is stopped without a failure, and nothing but a person starts it again',
    async ({ code, level }) => {
      const name = `idle${code}`;
      const user = await hub.signIn(name);
      expect((await user.startServer()).status).toBe(201);
      const { target } = await hub.server(name);
      await fetch(`${target}/user/${name}/?exit=${code}`).catch(() => undefined); // it may be gone before it answers
      await hub.until(async () => (await hub.phase(name)) === 'stopped', 30);

      expect(await hub.server(name)).toMatchObject({
        failure: null,
        attempt: 1,
        tokenId: null,
        target: null,
      });
      expect(hub.proxy.routes.has(`/user/${name}/`)).toBe(false);
      const line = hub.log.find(
        ({ message, fields }) => message === 'server ended by itself' && fields.user === name,
      );
      expect(line).toMatchObject({ level, fields: { exitCode: code } });

      // An open JupyterLab asks on, and its page is loaded again: neither starts anything, the page offers it.
      const browser = hub.browser();
      await browser.signInByForm({ username: name, password: name });
      const poll = await browser.get(`/hub/user/${name}/api/status`);
      expect([poll.status, poll.text]).toEqual([424, expect.stringContaining('no longer running')]);
      const page = await browser.get(`/hub/user/${name}/lab`);
      expect(page.status).toBe(424);
      expect(page.text).toContain(`/hub/spawn/${name}`);
      expect(page.text).not.toContain('failed');
      expect((await user.api('GET', `/users/${name}/server/progress`)).json.message).toContain(
        'is not starting',
      );
      expect(await hub.server(name)).toMatchObject({ phase: 'stopped', attempt: 1 });
      expect((await user.startServer()).status).toBe(201);
    },
  );
});
