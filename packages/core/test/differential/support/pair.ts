import { existsSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { Pool } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkAnswer } from '../../support/check-answer.ts';
import { type Deliberate, everywhere } from '../deliberate.ts';
import { type Answer, normalise, type RawAnswer } from './normalise.ts';
import { type RunningHub, reasonToSkip, startOriginal } from './original.ts';
import { startOurs } from './ours.ts';
import * as people from './people.ts';

export type Side = 'theirs' | 'ours';
/** One value for both hubs, or what it is on each: ids and secrets differ. */
export type PerSide<T> = T | ((side: Side) => T);
export type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'OPTIONS';

/** A browser in which somebody is signed in on both hubs, each with cookies of its own. */
export interface Login {
  readonly cookies: Readonly<Record<Side, string>>;
  readonly xsrf: Readonly<Record<Side, string>>;
}

/** The name of a service or token of `people.ts`, a token's text, a browser, or nobody. */
export type Caller =
  | string
  | Login
  | { readonly token: (side: Side) => string; readonly title?: string }
  | null;

export interface Ask {
  /** Sent as JSON unless it is a text. */
  readonly body?: PerSide<unknown>;
  readonly headers?: PerSide<Readonly<Record<string, string>>>;
  /** The two are meant to differ here. */
  readonly but?: Deliberate;
  /** Only these are compared; everything unless given. */
  readonly only?: 'status';
}

export type Both<T> = Readonly<Record<Side, T>>;

/** Two hubs that are asked the same. */
export class Pair {
  readonly #hubs: Both<RunningHub>;
  readonly #pools: Both<Pool>;
  readonly #tokens: Both<Map<string, string>> = { theirs: new Map(), ours: new Map() };
  #differences: string[] = [];
  /** Requests compared so far. */
  compared = 0;

  constructor(hubs: Both<RunningHub>) {
    this.#hubs = hubs;
    const pool = (side: Side) => new Pool(hubs[side].origin, { connections: 8 });
    this.#pools = { theirs: pool('theirs'), ours: pool('ours') };
  }

  origin(side: Side): string {
    return this.#hubs[side].origin;
  }

  /** Asks both below `/hub/api` and compares their answers; a difference fails the test at its end. */
  api(caller: Caller, method: Method, path: PerSide<string>, ask: Ask = {}): Promise<Both<RawAnswer>> {
    return this.ask(caller, method, (side) => `/hub/api${of(path, side)}`, ask);
  }

  /** The same for any path. */
  async ask(caller: Caller, method: Method, path: PerSide<string>, ask: Ask = {}): Promise<Both<RawAnswer>> {
    const [theirs, ours] = await Promise.all([
      this.send('theirs', caller, method, path, ask),
      this.send('ours', caller, method, path, ask),
    ]);
    this.compared++;
    const title = `${nameOf(caller)}: ${method} ${of(path, 'ours')}${bodyText(ask)}`.replace(/\w{44,}/g, '…');
    const shown = {
      theirs: normalise(theirs, this.origin('theirs')),
      ours: normalise(ours, this.origin('ours')),
    };
    this.#compare(title, method, shown, ask);
    return { theirs, ours };
  }

  /** One request to one hub, compared with nothing. */
  async send(
    side: Side,
    caller: Caller,
    method: Method,
    path: PerSide<string>,
    ask: Ask = {},
  ): Promise<RawAnswer> {
    const body = of(ask.body, side);
    const login = typeof caller === 'object' && caller && 'cookies' in caller ? caller : null;
    const token = this.#token(side, caller);
    const answer = await this.#pools[side].request({
      method,
      path: of(path, side),
      headers: {
        ...(token === null ? {} : { authorization: `token ${token}` }),
        ...(login ? { cookie: login.cookies[side] } : {}),
        ...(body === undefined || typeof body === 'string' ? {} : { 'content-type': 'application/json' }),
        ...of(ask.headers ?? {}, side),
      },
      body: body === undefined ? null : typeof body === 'string' ? body : JSON.stringify(body),
    });
    const text = await answer.body.text();
    if (side === 'ours') {
      await checkAnswer(this.origin('ours'), { method, path: of(path, side), answer, body: text });
    }
    return { status: answer.statusCode, headers: answer.headers, text, json: parsed(text) };
  }

  /** Signs somebody in by the form, as a browser does. */
  async signIn(name: string): Promise<Login> {
    const one = async (side: Side) => {
      const jar = new Map<string, string>();
      keep(jar, await this.send(side, null, 'GET', '/hub/login'));
      const form = { _xsrf: jar.get('_xsrf') ?? '', username: name, password: people.password };
      const answer = await this.send(side, null, 'POST', '/hub/login', {
        body: new URLSearchParams(form).toString(),
        headers: { 'content-type': 'application/x-www-form-urlencoded', cookie: header(jar) },
      });
      if (answer.status !== 302) throw new Error(`${side}: sign-in answered ${answer.status}`);
      keep(jar, answer);
      return { cookies: header(jar), xsrf: jar.get('_xsrf') ?? '' };
    };
    const [theirs, ours] = await Promise.all([one('theirs'), one('ours')]);
    return {
      cookies: { theirs: theirs.cookies, ours: ours.cookies },
      xsrf: { theirs: theirs.xsrf, ours: ours.xsrf },
    };
  }

  /** Makes a token on both hubs; from then on `name` is a caller. Without `scopes` it may all its owner may. */
  async token(name: string, user: string, scopes?: readonly string[]): Promise<void> {
    const body = { note: name, ...(scopes ? { scopes } : {}) };
    const path = `/hub/api/users/${encodeURIComponent(user)}/tokens`;
    for (const side of ['theirs', 'ours'] as const) {
      const answer = await this.send(
        side,
        'root',
        'POST',
        `/hub/api/users/${encodeURIComponent(user)}/tokens`,
        {
          body,
        },
      );
      if (answer.status !== 201) throw new Error(`${side}: token ${name}: ${answer.status} ${answer.text}`);
      const { id, token } = answer.json as { id: string; token: string };
      this.#tokens[side].set(name, token);
      // Seen once, so that what it is asked for next does not depend on who writes its first use when.
      await this.send(side, name, 'GET', '/hub/api/user');
      const seen = async () => {
        const { json } = await this.send(side, 'root', 'GET', `${path}/${id}`);
        return (json as { last_activity: string | null }).last_activity !== null;
      };
      while (!(await seen())) await delay(10);
    }
  }

  /** The people of `people.ts`, where the configuration cannot make them. */
  async populate(): Promise<void> {
    for (const side of ['theirs', 'ours'] as const) {
      const answer = await this.send(side, 'root', 'POST', '/hub/api/users', {
        body: { usernames: people.users },
      });
      if (answer.status !== 201) throw new Error(`${side}: users: ${answer.status} ${answer.text}`);
    }
    for (const [name, { user, scopes }] of Object.entries(people.tokens))
      await this.token(name, user, scopes);
  }

  /** What differed since the last call. */
  takeDifferences(): string[] {
    const found = this.#differences;
    this.#differences = [];
    return found;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#pools.theirs.destroy(), this.#pools.ours.destroy()]);
    await Promise.all([this.#hubs.theirs[Symbol.asyncDispose](), this.#hubs.ours[Symbol.asyncDispose]()]);
  }

  #token(side: Side, caller: Caller): string | null {
    if (caller === null) return null;
    if (typeof caller === 'object') return 'token' in caller ? caller.token(side) : null;
    return this.#tokens[side].get(caller) ?? people.serviceToken(caller);
  }

  #compare(title: string, method: Method, { theirs, ours }: Both<Answer>, { but, only }: Ask): void {
    if (but) {
      const problem = but.differs(theirs, ours);
      if (problem)
        this.#differences.push(
          `${title}\n  ${but.rule}: ${problem}\n${differences(theirs, ours).join('\n')}`,
        );
      return;
    }
    const alike = everywhere.reduce((pair, { alike }) => alike(pair, method), { theirs, ours });
    const found = differences(alike.theirs, alike.ours).filter(
      (line) => only !== 'status' || line.startsWith('  status:'),
    );
    if (found.length > 0) this.#differences.push(`${title}\n${found.join('\n')}`);
  }
}

/** Two hubs for the tests of a file; `test` names a promise and what is asked to see it kept. */
export function pairOfHubs(
  area: string,
  tests: (test: (name: string, run: (pair: Pair) => Promise<void>) => void) => void,
): void {
  const reason = reasonToSkip(existsSync);
  describe.skipIf(reason !== null)(`${area}, as the original has it${reason ? ` (${reason})` : ''}`, () => {
    let pair: Pair;
    let listener: Server;
    beforeAll(async () => {
      listener = await answering();
      const url = `http://127.0.0.1:${(listener.address() as AddressInfo).port}`;
      pair = new Pair(await startBoth(url));
      await pair.populate();
    });
    afterAll(async () => {
      await pair?.[Symbol.asyncDispose]();
      listener?.close();
    });
    tests((name, run) =>
      it(name, async () => {
        const before = pair.compared;
        await run(pair);
        const differences = pair.takeDifferences();
        if (differences.length > 0)
          throw new Error(`${differences.length} differ:\n${differences.join('\n')}`);
        expect(pair.compared).toBeGreaterThan(before);
      }),
    );
  });
}

/** Both, or none. */
async function startBoth(url: string): Promise<Both<RunningHub>> {
  const [theirs, ours] = await Promise.allSettled([startOriginal(url), startOurs(url)]);
  if (theirs.status === 'fulfilled' && ours.status === 'fulfilled')
    return { theirs: theirs.value, ours: ours.value };
  const errors: unknown[] = [];
  for (const start of [theirs, ours]) {
    if (start.status === 'fulfilled') await start.value[Symbol.asyncDispose]();
    else errors.push(start.reason);
  }
  throw errors.length === 1 ? errors[0] : new AggregateError(errors, 'neither hub started');
}

/** What the service `web` is: something that answers. */
async function answering(): Promise<Server> {
  const server = createServer((_request, response) => response.end('web'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  server.unref();
  return server;
}

function of<T>(value: PerSide<T>, side: Side): T {
  return typeof value === 'function' ? (value as (side: Side) => T)(side) : value;
}

function nameOf(caller: Caller): string {
  if (caller === null) return 'nobody';
  if (typeof caller === 'string') return caller;
  return 'token' in caller ? (caller.title ?? 'a token') : 'a browser';
}

function bodyText({ body, headers }: Ask): string {
  const shown = [of(body, 'ours'), of(headers ?? {}, 'ours')].map((part) =>
    typeof part === 'string' ? part : JSON.stringify(part),
  );
  return shown.map((part) => (part && part !== '{}' ? ` ${part.slice(0, 200)}` : '')).join('');
}

/** One line for each place where the two differ; how they went otherwise is in the first. */
function differences(theirs: unknown, ours: unknown, place = ''): string[] {
  if (isDeepStrictEqual(theirs, ours)) return [];
  if (isObject(theirs) && isObject(ours)) {
    const keys = [...new Set([...Object.keys(theirs), ...Object.keys(ours)])];
    return keys.flatMap((key) => differences(theirs[key], ours[key], place === '' ? key : `${place}.${key}`));
  }
  return [`  ${place}: theirs ${short(theirs)}, ours ${short(ours)}`];
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function short(value: unknown): string {
  return (JSON.stringify(value) ?? 'nothing').slice(0, 400);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // not every answer is JSON
  }
}

/** Keeps the cookies of an answer; a jar holds them by name, as all paths lie below the hub's. */
export function keep(jar: Map<string, string>, { headers }: RawAnswer): void {
  for (const line of [headers['set-cookie'] ?? []].flat()) {
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
    if (value === '' || value === '""') jar.delete(name);
    else jar.set(name, value);
  }
}

/** A `Cookie` header. */
export function header(jar: ReadonlyMap<string, string>): string {
  return [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
}
