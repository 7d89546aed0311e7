import type { Authenticator, Identity, RequestView, UserView } from '@hub/core/plugin';
import { type LogLine, recordedLog } from '@hub/testing';
import { expect } from 'vitest';
import { pamAuthenticator } from '../src/index.ts';

type Given = Parameters<typeof pamAuthenticator>[0];

/** An authenticator as a hub makes one, with its place in the hub's life. */
export interface Made extends AsyncDisposable {
  readonly authenticator: Authenticator;
  readonly log: readonly LogLine[];
  start(): Promise<void>;
  enter(
    username: string,
    password: string,
    more?: Readonly<Record<string, string>>,
  ): Promise<Identity | null>;
}

const request: RequestView = {
  method: 'POST',
  url: '/hub/login',
  path: '/hub/login',
  query: {},
  headers: {},
  ip: '192.0.2.7',
  origin: 'http://127.0.0.1:8000',
  user: null,
};

/** Makes what a hub would, with defaults filled in as its validation does. Refusals are not held back. */
export function make(given: Given = {}): Made {
  const plugin = pamAuthenticator({ refusalDelay: 0, ...given });
  const defaults = Object.entries(plugin.schema.properties).flatMap(([name, { default: value }]) =>
    value === undefined ? [] : [[name, value]],
  );
  const log: LogLine[] = [];
  const starts: ((signal: AbortSignal) => unknown)[] = [];
  const stops: ((mode: { keepServers: boolean; keepProxy: boolean }) => unknown)[] = [];
  const context = {
    options: { ...Object.fromEntries(defaults), ...plugin.options },
    id: plugin.id,
    lifecycle: {
      onStart: (run: (typeof starts)[number]) => void starts.push(run),
      onStop: (run: (typeof stops)[number]) => void stops.push(run),
    },
    log: recordedLog(log),
  };
  const authenticator = plugin.create(context);
  return {
    authenticator,
    log,
    async start() {
      for (const run of starts) await run(new AbortController().signal);
    },
    enter: (username, password, more = {}) =>
      authenticator.authenticate(request, { username, password, ...more }),
    async [Symbol.asyncDispose]() {
      for (const run of stops) await run({ keepServers: false, keepProxy: false });
    },
  };
}

/** A user as the hub shows one to plugins. */
export function userNamed(name: string): UserView {
  return { id: '1', name, escapedName: name, admin: false, groups: [], created: '2026-01-01T00:00:00Z' };
}

/** The HubError that something is refused with. */
export function hubError(code: string, message: RegExp | string): unknown {
  return expect.objectContaining({
    code,
    message: typeof message === 'string' ? expect.stringContaining(message) : expect.stringMatching(message),
  });
}
