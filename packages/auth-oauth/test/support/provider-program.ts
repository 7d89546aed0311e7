// An OpenID provider in a process of its own. Its parent tells it by messages what to do.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { exportJWK, generateKeyPair } from 'jose';
import { type Adapter, type ClientMetadata, type Configuration, type JWKS, Provider } from 'oidc-provider';
import type { Order, Trouble } from './provider-process.ts';

const [port = '0', seconds = '0'] = process.argv.slice(2);
const realNow = Date.now;
let ahead = Number(seconds) * 1000;
Date.now = () => realNow() + ahead;

const stored = new Map<string, Record<string, unknown>>();
let clients: ClientMetadata[] = [];
let claims: Record<string, Record<string, unknown>> = {};
let trouble: Trouble[] = [];
let lifetime = 3600;
let jwks: JWKS = await newKeys();
let provider: Provider | null = null;
/** What was asked at each path. */
const counts = new Map<string, number>();

const server = createServer((request, response) => {
  const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
  counts.set(path, (counts.get(path) ?? 0) + 1);
  // Node writes the real time of day there.
  response.setHeader('date', new Date(Date.now()).toUTCString());
  const now = trouble.find((one) => path.endsWith(one.path));
  if (now) return inTrouble(now, response);
  answer(request, response);
});
server.listen(Number(port), '127.0.0.1', () => {
  const address = server.address();
  process.send?.({ port: typeof address === 'object' && address !== null ? address.port : 0 });
});

process.on('message', async (order: Order) => {
  if (order.clients) clients = order.clients;
  if (order.claims) claims = order.claims;
  if (order.trouble) trouble = order.trouble;
  if (order.clockAhead !== undefined) ahead = order.clockAhead * 1000;
  if (order.tokenLifetime !== undefined) lifetime = order.tokenLifetime;
  if (order.newKeys) jwks = await newKeys();
  if (order.clients || order.newKeys || order.tokenLifetime !== undefined) provider = null;
  process.send?.({ done: order.number, counts: Object.fromEntries(counts) });
});
process.on('disconnect', () => process.exit(0));

function answer(request: IncomingMessage, response: ServerResponse): void {
  const address = server.address();
  const at = typeof address === 'object' && address !== null ? address.port : 0;
  provider ??= made(`http://127.0.0.1:${at}`);
  void provider.callback()(request, response);
}

function made(issuer: string): Provider {
  const one = new Provider(issuer, configuration());
  one.on('backchannel.error', (_, error) => console.error('back-channel log-out failed:', error));
  one.on('server_error', (_, error) => console.error('the provider failed:', error));
  return one;
}

function inTrouble({ kind }: Trouble, response: ServerResponse): void {
  if (kind === 'silent') return;
  if (kind === 'html') response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Maintenance</h1>');
  if (kind === 'failing') response.writeHead(500, { 'content-type': 'text/plain' }).end('no');
  if (kind === 'truncated')
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"issuer": "htt');
  if (kind === 'endless') {
    response.writeHead(200, { 'content-type': 'application/json' });
    const timer = setInterval(() => response.write('x'.repeat(65_536)), 1);
    response.on('close', () => clearInterval(timer));
  }
  if (kind === 'moved') response.writeHead(302, { location: 'http://127.0.0.1:9/elsewhere' }).end();
}

function configuration(): Configuration {
  return {
    clients,
    jwks,
    adapter: MemoryOfThisProcess,
    cookies: { keys: ['a key of the test'] },
    conformIdTokenClaims: false,
    claims: {
      openid: ['sub', 'sid'],
      profile: ['name', 'preferred_username', 'groups', 'realm_access'],
      email: ['email', 'email_verified'],
    },
    findAccount: (_, id) => ({
      accountId: id,
      claims: async () => ({ sub: id, preferred_username: id, ...claims[id] }),
    }),
    issueRefreshToken: async (_, client) => client.grantTypeAllowed('refresh_token'),
    rotateRefreshToken: true,
    // On its own it calls no address of this machine, and that is where the hub is.
    fetch: (url, options) => fetch(url, withoutDispatcher(options)),
    ttl: {
      AccessToken: lifetime,
      IdToken: lifetime,
      RefreshToken: 86_400,
      Session: 86_400,
      Grant: 86_400,
      Interaction: 3600,
      AuthorizationCode: 60,
    },
    features: {
      devInteractions: { enabled: true },
      backchannelLogout: { enabled: true },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: async (ctx, form) => {
          ctx.body = `<!DOCTYPE html><title>Log out</title>${form}<button form="op.logoutForm" name="logout" value="yes">Yes, sign me out</button>`;
        },
      },
    },
  };
}

function withoutDispatcher(options: RequestInit = {}): RequestInit {
  return Object.fromEntries(Object.entries(options).filter(([name]) => name !== 'dispatcher'));
}

async function newKeys(): Promise<JWKS> {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true });
  return {
    keys: [{ ...(await exportJWK(privateKey)), alg: 'RS256', use: 'sig', kid: crypto.randomUUID() }],
  } as JWKS;
}

/** Survives a change of the configuration, unlike the one that the provider brings. */
class MemoryOfThisProcess implements Adapter {
  readonly #model: string;
  constructor(model: string) {
    this.#model = model;
  }
  async upsert(id: string, payload: Record<string, unknown>) {
    stored.set(`${this.#model}:${id}`, payload);
  }
  async find(id: string) {
    return stored.get(`${this.#model}:${id}`);
  }
  async findByUserCode() {
    return undefined;
  }
  async findByUid(uid: string) {
    return [...stored].find(([key, value]) => key.startsWith(`${this.#model}:`) && value.uid === uid)?.[1];
  }
  async consume(id: string) {
    const payload = stored.get(`${this.#model}:${id}`);
    if (payload) payload.consumed = Math.floor(Date.now() / 1000);
  }
  async destroy(id: string) {
    stored.delete(`${this.#model}:${id}`);
  }
  async revokeByGrantId(grant: string) {
    for (const [key, value] of stored) if (value.grantId === grant) stored.delete(key);
  }
}
