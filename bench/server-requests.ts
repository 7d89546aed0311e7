import { Agent } from 'undici';
import type { RunningHub } from './contender.ts';

/** Milliseconds: longer than either hub waits for a server. */
const patience = 160_000;

/** What an administrator asks of a hub about its users' servers. */
export interface ServerRequests extends AsyncDisposable {
  /** Makes users `student-1` and so on, and answers with their names. */
  createUsers(count: number): Promise<string[]>;
  /** Resolves, when the server is ready, to the seconds that took. */
  start(user: string): Promise<number>;
  /** Resolves, when the server is stopped, to the seconds that took. */
  stop(user: string): Promise<number>;
}

/** Asks the hub's own listener, over as many connections as there are questions. */
export function serverRequests(hub: RunningHub, signal: AbortSignal): ServerRequests {
  const agent = new Agent({
    connect: { timeout: patience },
    headersTimeout: patience,
    bodyTimeout: patience,
  });
  const headers = { authorization: `token ${hub.token}`, 'content-type': 'application/json' };
  const send = async (method: 'POST' | 'DELETE', path: string, wanted: number, body?: object) => {
    const began = performance.now();
    const answer = await agent.request({
      origin: hub.settings.hubUrl,
      path: `/hub/api${path}`,
      method,
      headers,
      signal,
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await answer.body.text();
    if (answer.statusCode !== wanted)
      throw new Error(`${method} ${path} answered ${answer.statusCode}: ${text.slice(0, 500)}`);
    return (performance.now() - began) / 1_000;
  };
  return {
    async createUsers(count) {
      const usernames = Array.from({ length: count }, (_, index) => `student-${index + 1}`);
      await send('POST', '/users', 201, { usernames });
      return usernames;
    },
    start: (user) => send('POST', `/users/${user}/server`, 201),
    stop: (user) => send('DELETE', `/users/${user}/server`, 204),
    [Symbol.asyncDispose]: () => agent.destroy(),
  };
}
