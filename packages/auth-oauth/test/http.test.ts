import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer as createPlainServer, type RequestListener } from 'node:http';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkAddress, createHttp } from '../src/http.ts';
import { fakeLog } from './support/fake-log.ts';

const run = promisify(execFile);
const clock = {
  now: () => new Date(),
  monotonic: () => performance.now(),
  sleep: async () => undefined,
  every: () => () => undefined,
};
const ask = { method: 'GET', headers: { authorization: 'Bearer secret' }, redirect: 'manual' } as const;

function open(options: { readonly caFile?: string; readonly requestTimeout?: number } = {}) {
  const log = fakeLog();
  const all = { requestTimeout: 5, allowInsecureHttp: false, ...options };
  return { log, http: createHttp({ id: 'oidc', options: all, clock, log: log.logger }) };
}

describe('the way to a provider', () => {
  let folder: string;
  let https: string;
  let end: () => void;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hub-test-tls-'));
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
    const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
    await run('openssl', ['req', '-x509', ...kind, '-keyout', key, '-out', cert, '-days', '1', ...subject]);
    const server = createServer({ key: await readFile(key), cert: await readFile(cert) }, (_, response) => {
      response.setHeader('content-type', 'application/json');
      response.end('{"well":true}');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    https = `https://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/`;
    end = () => server.close();
  });
  afterAll(async () => {
    end?.();
    await rm(folder, { recursive: true, force: true });
  });

  it('trusts an authority of your own when told to, and else nobody unknown', async () => {
    const own = open({ caFile: join(folder, 'cert.pem') });
    expect(await (await own.http.fetch(https, ask)).json()).toEqual({ well: true });
    await own.http.close();

    const usual = open();
    await expect(usual.http.fetch(https, ask)).rejects.toMatchObject({ code: 'HUB_UNAVAILABLE' });
    expect(JSON.stringify(usual.log.lines)).toMatch(/self-signed certificate/);
    await usual.http.close();
  });

  it('carries no secret to where a provider leads', async () => {
    const seen: string[] = [];
    const elsewhere = await listen((request, response) => {
      seen.push(request.url ?? '');
      response.end();
    });
    const provider = await listen((_, response) =>
      response.writeHead(307, { location: elsewhere.url }).end(),
    );
    const { http } = open();
    expect((await http.fetch(provider.url, ask)).status).toBe(307);
    expect(seen).toEqual([]);
    await Promise.all([http.close(), provider.close(), elsewhere.close()]);
  });

  it('waits no longer than it should for the last byte, either', async () => {
    const provider = await listen((_, response) => void response.write('{'));
    const { http } = open({ requestTimeout: 0.5 });
    await expect(http.fetch(provider.url, ask)).rejects.toThrow('did not answer within 0.5 s');
    await Promise.all([http.close(), provider.close()]);
  });

  it.each([
    ['https://login.example.org/', true],
    ['http://127.0.0.1:8000/', true],
    ['http://[::1]:8000/', true],
    ['http://localhost/', true],
    ['http://login.example.org/', false],
    ['http://127.0.0.1.example.org/', false],
    ['http://localhost.example.org/', false],
    ['file:///etc/passwd', false],
    ['javascript:alert(1)', false],
    ['nonsense', false],
  ])('%s: %s', (address, isGood) => {
    const check = () => checkAddress(address, false);
    if (isGood) expect(check().href).toBe(address);
    else expect(check).toThrow('without https');
  });
});

async function listen(listener: RequestListener) {
  const server = createPlainServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const close = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/`, close };
}
