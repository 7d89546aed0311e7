import { createHash, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';

/** One request as the provider saw it. */
export interface SeenRequest {
  readonly method: string;
  /** Without its query. */
  readonly url: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly form: URLSearchParams;
}

/** What the provider answers: JSON with status 200 unless told. */
export interface FakeAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  readonly text?: string;
}

type Answering = FakeAnswer | ((request: SeenRequest) => FakeAnswer | Promise<FakeAnswer>);

/** An address below the provider's origin, or one of the world that the provider stands in for. */
type Address = `/${string}` | `https://${string}`;

/** Where the OAuth addresses of a provider are. */
export interface FakeEndpoints {
  readonly authorize: Address;
  readonly token: Address;
}

/** An OpenID provider besides. */
export interface FakeOpenId extends FakeEndpoints {
  readonly issuer: Address | '';
  readonly userinfo?: Address;
  /** What the discovery document says more, or otherwise. */
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/**
 * A provider on loopback: it signs in whoever comes, at once, and its addresses answer what a test tells them. It is
 * strict where a provider is: codes work once, the secret and the PKCE verifier must be right.
 */
export class FakeProvider implements AsyncDisposable {
  readonly origin: string;
  /** What it knows the hub by, as options of an authenticator. */
  readonly client = { clientId: 'hub', clientSecret: 'the-secret-of-the-hub' };
  /** What it was asked, oldest first. */
  readonly seen: SeenRequest[] = [];
  /** Put into the answer of the token endpoint. */
  token: Record<string, unknown> = { access_token: 'access-1', token_type: 'bearer' };
  /** Claims of the ID token, besides what every one has; undefined: no ID token is given. */
  idToken: JWTPayload | undefined;
  readonly #server: Server;
  readonly #answers = new Map<string, Answering>();
  readonly #codes = new Map<string, URLSearchParams>();
  #key: CryptoKey | undefined;
  #issuer = '';

  private constructor(server: Server) {
    this.#server = server;
    this.origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on('request', (request, response) => void this.#answer(request, response));
  }

  static async start(): Promise<FakeProvider> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new FakeProvider(server);
  }

  /** From now on this address answers so; replaces what it answered before. */
  on(method: 'GET' | 'POST', address: Address, answer: Answering): this {
    this.#answers.set(`${method} ${this.#absolute(address)}`, answer);
    return this;
  }

  /** Speaks OAuth 2 at these addresses. */
  oauth({ authorize, token }: FakeEndpoints): this {
    this.on('GET', authorize, (request) => this.#authorize(request));
    return this.on('POST', token, (request) => this.#redeem(request));
  }

  /** Speaks OpenID Connect, with discovery and signed ID tokens. */
  async openId({ issuer, authorize, token, userinfo, metadata = {} }: FakeOpenId): Promise<this> {
    const { publicKey, privateKey } = await generateKeyPair('RS256');
    this.#key = privateKey;
    this.#issuer = this.#absolute(issuer);
    const jwk = { ...(await exportJWK(publicKey)), kid: 'key-1', alg: 'RS256', use: 'sig' };
    const below = this.#issuer.replace(/\/$/, '');
    this.#answers.set(`GET ${below}/jwks`, { json: { keys: [jwk] } });
    this.#answers.set(`GET ${below}/.well-known/openid-configuration`, {
      json: {
        issuer: this.#issuer,
        authorization_endpoint: this.#absolute(authorize),
        token_endpoint: this.#absolute(token),
        ...(userinfo === undefined ? {} : { userinfo_endpoint: this.#absolute(userinfo) }),
        jwks_uri: `${below}/jwks`,
        response_types_supported: ['code'],
        subject_types_supported: ['public'],
        id_token_signing_alg_values_supported: ['RS256'],
        code_challenge_methods_supported: ['S256'],
        ...metadata,
      },
    });
    return this.oauth({ authorize, token });
  }

  /** Takes the place of the network: whatever the address, the request comes here. */
  readonly fetch: typeof fetch = (input, init) => {
    const url = input instanceof Request ? input.url : String(input);
    return fetch(this.here(url), init);
  };

  /** The address on loopback that stands for this one. */
  here(url: string): string {
    return url.startsWith(this.origin) ? url : url.replace('https://', `${this.origin}/https/`);
  }

  /** Requests to this address, such as `/user/teams`. */
  requestsTo(address: Address): readonly SeenRequest[] {
    return this.seen.filter(({ url }) => url === this.#absolute(address));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #absolute(address: Address | ''): string {
    return address.startsWith('https:') ? address : `${this.origin}${address}`;
  }

  #authorize({ query }: SeenRequest): FakeAnswer {
    const back = new URL(query.get('redirect_uri') ?? 'invalid:');
    const code = randomUUID();
    this.#codes.set(code, query);
    back.searchParams.set('code', code);
    back.searchParams.set('state', query.get('state') ?? '');
    return { status: 302, headers: { location: back.href } };
  }

  async #sign(nonce: string | null, claims: JWTPayload): Promise<string> {
    if (!this.#key) throw new Error('this provider speaks no OpenID Connect');
    const now = Math.floor(Date.now() / 1000);
    return new SignJWT({
      iss: this.#issuer,
      aud: this.client.clientId,
      iat: now,
      exp: now + 3600,
      ...(nonce === null ? {} : { nonce }),
      ...claims,
    })
      .setProtectedHeader({ alg: 'RS256', kid: 'key-1' })
      .sign(this.#key);
  }

  async #redeem({ form, headers }: SeenRequest): Promise<FakeAnswer> {
    if (form.get('grant_type') === 'refresh_token') return this.#grant(null);
    const asked = this.#codes.get(form.get('code') ?? '');
    this.#codes.delete(form.get('code') ?? '');
    if (!asked || form.get('redirect_uri') !== asked.get('redirect_uri')) return refused('invalid_grant');
    if (!this.#knows(form, headers.authorization)) return { ...refused('invalid_client'), status: 401 };
    const challenge = asked.get('code_challenge');
    const proof = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url');
    if (challenge !== null && challenge !== proof) return refused('invalid_grant');
    return this.#grant(asked.get('nonce'));
  }

  async #grant(nonce: string | null): Promise<FakeAnswer> {
    if (!this.idToken) return { json: this.token };
    return { json: { ...this.token, id_token: await this.#sign(nonce, this.idToken) } };
  }

  #knows(form: URLSearchParams, authorization: string | undefined): boolean {
    const { clientId, clientSecret } = this.client;
    const basic = Buffer.from(authorization?.replace('Basic ', '') ?? '', 'base64').toString();
    const [id, secret] =
      authorization === undefined
        ? [form.get('client_id'), form.get('client_secret')]
        : basic.split(':').map(decodeURIComponent);
    return id === clientId && secret === clientSecret;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const url = new URL(request.url ?? '/', this.origin);
    const seen: SeenRequest = {
      method: request.method ?? '',
      url: url.pathname.startsWith('/https/')
        ? url.pathname.replace('/https/', 'https://')
        : `${this.origin}${url.pathname}`,
      query: url.searchParams,
      headers: request.headers,
      form: new URLSearchParams(Buffer.concat(chunks).toString()),
    };
    this.seen.push(seen);
    const answering = this.#answers.get(`${seen.method} ${seen.url}`) ?? {
      status: 404,
      json: { message: 'Not Found' },
    };
    const {
      status = 200,
      headers = {},
      json,
      text,
    } = typeof answering === 'function' ? await answering(seen) : answering;
    response.writeHead(status, {
      ...(json === undefined ? {} : { 'content-type': 'application/json; charset=utf-8' }),
      ...headers,
    });
    response.end(text ?? (json === undefined ? '' : JSON.stringify(json)));
  }
}

function refused(error: string): FakeAnswer {
  return { status: 400, json: { error } };
}
