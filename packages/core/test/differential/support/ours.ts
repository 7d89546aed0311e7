import { dummyAuthenticator } from '../../../../auth-simple/src/index.ts';
import { chpProxy } from '../../../../proxy-chp/src/index.ts';
import { createTestHub, type TestHub } from '../../../../testing/src/index.ts';
import { freePorts, type RunningHub } from './original.ts';
import * as people from './people.ts';

/** This hub with the same people, behind a proxy of the same kind. */
export async function startOurs(serviceUrl: string): Promise<RunningHub> {
  const [port] = await freePorts(1);
  const origin = `http://127.0.0.1:${port}`;
  const named = Object.keys(people.serviceScopes).map((name) => ({ name }));
  const hub = await createTestHub({
    bindUrl: origin,
    plugins: [
      dummyAuthenticator({ password: people.password }),
      chpProxy({ apiUrl: 'http://127.0.0.1:0', authToken: 'of-the-test', checkInterval: 60 }),
    ],
    access: { admins: people.admins, allowAll: true },
    groups: people.groups,
    roles: people.roles,
    customScopes: people.customScopes,
    services: [...named, ...people.plainServices(serviceUrl)].map((service) => ({
      ...service,
      apiToken: people.serviceToken(service.name),
    })),
    servers: {
      named: true,
      limit: people.serverLimit,
      queueLimit: 0,
      slowStart: people.slowSeconds,
      slowStop: people.slowSeconds,
    },
    http: { pageLimit: people.pageLimit, pageMaxLimit: people.pageMaxLimit },
  });
  plan(hub);
  return { origin, [Symbol.asyncDispose]: () => hub[Symbol.asyncDispose]() };
}

/** Names whose starts never end, or fail: the original's spawner goes by the beginning of the name. */
function plan({ engine }: TestHub): void {
  for (const number of [1, 2, 3, 4]) {
    engine.plan(`slow${number}`, { startAfter: 60_000 });
    engine.plan(`fails${number}`, { fails: new Error('no luck') });
  }
}
