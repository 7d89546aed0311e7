import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type SecureContextOptions, type TLSSocket } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { joseSealer } from '../hub/sealer.ts';
import { serverTlsName } from '../kernel/index.ts';
import type { TlsIdentity } from '../plugin/index.ts';
import { Authorities } from './authorities.ts';
import { endOf } from './certificates.ts';
import type { Generation } from './generation.ts';
import type { AuthorityStore } from './ports.ts';

const day = 86_400_000;
const name = serverTlsName('1-1');

function memoryStore(): AuthorityStore & { readonly rows: Generation[] } {
  const rows: Generation[] = [];
  return {
    rows,
    load: async () => [...rows],
    async add(generation) {
      rows.push(generation);
    },
    async remove(number) {
      rows.splice(
        rows.findIndex((row) => row.number === number),
        1,
      );
    },
    exclusively: (work) => work(),
  };
}

const sealer = joseSealer([new Uint8Array(32).fill(7)]);

/** Authorities on a store; `days` from today. */
async function open(store: AuthorityStore, days = 0): Promise<Authorities> {
  const opened = new Authorities({ store, sealer, now: () => new Date(Date.now() + days * day) });
  await opened.open();
  return opened;
}

const leaf = (authorities: Authorities, kind: 'hub' | 'servers', days = 30) =>
  authorities.issue(kind, { subject: 'test', names: [name, 'localhost', '127.0.0.1', '*.hub.test'], days });

/** Do both ends believe each other? How it ended for the client. */
async function handshake(
  server: { readonly shows: TlsIdentity; readonly believes: string },
  client: { readonly shows: TlsIdentity; readonly believes: string; readonly demands?: string },
): Promise<string> {
  const side = ({ shows, believes }: { shows: TlsIdentity; believes: string }): SecureContextOptions => ({
    key: shows.key,
    cert: shows.certificate,
    ca: believes,
  });
  const listener = createServer({ ...side(server), requestCert: true, rejectUnauthorized: true }, (socket) =>
    socket.end('welcome'),
  );
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const address = listener.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  const { promise, resolve } = Promise.withResolvers<string>();
  const socket: TLSSocket = connect({
    ...side(client),
    host: '127.0.0.1',
    port,
    servername: client.demands ?? name,
  });
  socket.on('data', (bytes) => resolve(String(bytes)));
  socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  socket.on('close', () => resolve('refused'));
  const outcome = await promise;
  socket.destroy();
  listener.close();
  return outcome;
}

describe('authorities', () => {
  it('are made once, and found again by the next hub', async () => {
    const store = memoryStore();
    const first = await open(store);
    const second = await open(store);
    expect(store.rows).toHaveLength(1);
    expect(second.roots('hub', 'servers', 'services')).toBe(first.roots('hub', 'servers', 'services'));
  });

  it('keep their private keys encrypted', async () => {
    const store = memoryStore();
    await open(store);
    expect(JSON.stringify(store.rows)).not.toContain('PRIVATE KEY');
    const other = new Authorities({ store, sealer: joseSealer([new Uint8Array(32)]), now: () => new Date() });
    await expect(other.open()).rejects.toThrow('No encryption key opens the private keys of internal TLS');
  });

  it('issue certificates of P-256 keys for both ends, by name and address', async () => {
    const authorities = await open(memoryStore());
    const { certificate, key } = await leaf(authorities, 'servers');
    const read = new X509Certificate(certificate);
    expect(read.publicKey.asymmetricKeyDetails).toEqual({ namedCurve: 'prime256v1' });
    expect(read.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']);
    expect(read.ca).toBe(false);
    expect(read.checkHost(name)).toBe(name);
    expect(read.checkHost('ada.hub.test')).toBe('*.hub.test');
    expect(read.checkIP('127.0.0.1')).toBe('127.0.0.1');
    expect(key).toContain('BEGIN PRIVATE KEY');
  });

  it('let servers believe hubs, and hubs servers, and nobody else (W103)', async () => {
    const authorities = await open(memoryStore());
    const [hub, server] = [await leaf(authorities, 'hub'), await leaf(authorities, 'servers')];
    const asServer = { shows: server, believes: authorities.roots('hub') };
    const asHub = { shows: hub, believes: authorities.roots('servers') };
    expect(await handshake(asServer, asHub)).toBe('welcome');
    expect(await handshake(asServer, { ...asHub, demands: serverTlsName('2-1') })).toBe(
      'ERR_TLS_CERT_ALTNAME_INVALID',
    );
    // Another server in the place of a hub, at either end.
    expect(await handshake(asServer, { shows: server, believes: authorities.roots('servers') })).not.toBe(
      'welcome',
    );
    expect(await handshake({ shows: server, believes: asHub.believes }, asServer)).not.toBe('welcome');
  });

  it('refuse what has ended, and end no certificate later than themselves', async () => {
    const store = memoryStore();
    const authorities = await open(store);
    const asHub = { shows: await leaf(authorities, 'hub'), believes: authorities.roots('servers') };
    const before = new Authorities({ store, sealer, now: () => new Date(Date.now() - 10 * day) });
    await before.read();
    const ended = { shows: await leaf(before, 'servers', 9), believes: authorities.roots('hub') };
    expect(await handshake(ended, asHub)).toBe('CERT_HAS_EXPIRED');
    const { certificate } = await leaf(authorities, 'hub', 100_000);
    expect(endOf(certificate)).toEqual(endOf(authorities.roots('hub')));
  });
});

describe('new authorities', () => {
  it('are believed at once and issue when all hubs know them', async () => {
    const store = memoryStore();
    const authorities = await open(store);
    const first = authorities.roots('servers');
    await authorities.renew();
    expect(authorities.roots('servers').startsWith(first)).toBe(true);
    expect(authorities.roots('servers').length).toBeGreaterThan(first.length);
    const issuer = (pem: string) => new X509Certificate(pem).issuer;
    const subject = new X509Certificate(first).subject;
    expect(issuer((await leaf(authorities, 'servers')).certificate)).toBe(subject);
    const later = await open(store, 1);
    expect(issuer((await leaf(later, 'servers')).certificate)).not.toBe(subject);
  });

  it('go on with servers that know only the old ones, over several changes', async () => {
    const store = memoryStore();
    const old = await open(store);
    const server = { shows: await leaf(old, 'servers'), believes: old.roots('hub') };
    for (let change = 0; change < 3; change += 1) await old.renew({ atOnce: true });
    const asHub = { shows: await leaf(old, 'hub'), believes: old.roots('servers') };
    expect(store.rows).toHaveLength(4);
    expect(await handshake(server, asHub)).toBe('welcome');
    // And the way round: the server asks the hub.
    const listener = { shows: asHub.shows, believes: old.roots('hub', 'servers', 'services') };
    expect(await handshake(listener, server)).toBe('welcome');
  });

  it('are made by themselves before the old ones end', async () => {
    const store = memoryStore();
    await open(store);
    await open(store, 3650 * 0.6);
    expect(store.rows).toHaveLength(1);
    await open(store, 3650 * 0.8);
    expect(store.rows).toHaveLength(2);
  });

  it('make the old ones be forgotten when told to, and what those issued with them', async () => {
    const store = memoryStore();
    const authorities = await open(store);
    const server = { shows: await leaf(authorities, 'servers'), believes: authorities.roots('hub') };
    await authorities.renew({ atOnce: true });
    expect(await authorities.forgetOld()).toBe(1);
    const asHub = { shows: await leaf(authorities, 'hub'), believes: authorities.roots('servers') };
    expect(await handshake(server, asHub)).not.toBe('welcome');
  });
});
