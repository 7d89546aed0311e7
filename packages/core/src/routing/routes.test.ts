import { afterEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../kernel/index.ts';
import { HubError, type Proxy as HubProxy, type Logger, type ProxyRoute } from '../plugin/index.ts';
import { extraRoutes } from './extra-routes.ts';
import type { RouteEvent } from './route-event.ts';
import type { RouteSource, WantedRoute } from './route-source.ts';
import { createRoutes, type Routes, type RoutesDependencies } from './routes.ts';

const hub: ProxyRoute = { spec: '/', target: 'http://127.0.0.1:8081', data: { hub: true } };
const ada: WantedRoute = {
  state: 'wanted',
  spec: '/user/ada/',
  target: 'http://127.0.0.1:5001',
  data: { user: 'ada' },
};
const busyAda: WantedRoute = { state: 'leave-alone', spec: '/user/ada/' };
const routeOf = ({ spec, target, data }: WantedRoute & { state: 'wanted' }): ProxyRoute => ({
  spec,
  target,
  data,
});

/** A proxy in memory that tells what was asked of it, and into which a test can step. */
function tableProxy(...routes: ProxyRoute[]) {
  const table = new Map(routes.map((route) => [route.spec, route]));
  const calls: string[] = [];
  const step: { before: (call: string) => Promise<void> | void } = { before: () => undefined };
  const resets = new Set<() => void>();
  const reset = () => {
    for (const tell of resets) tell();
  };
  const ask = async (call: string) => {
    calls.push(call);
    await step.before(call);
  };
  const proxy: HubProxy = {
    async addRoute(route) {
      await ask(`add ${route.spec}`);
      table.set(route.spec, route);
    },
    async deleteRoute(spec) {
      await ask(`delete ${spec}`);
      table.delete(spec);
    },
    async routes() {
      await ask('routes');
      return new Map(table);
    },
    watch(onReset) {
      resets.add(onReset);
      return () => resets.delete(onReset);
    },
  };
  return { proxy, table, calls, step, reset, watchers: resets };
}

/** Rows that a test changes, as a source. */
function rows(...wanted: WantedRoute[]) {
  const state = { wanted, reads: 0, confirms: [] as string[], onRead: () => {} };
  const source: RouteSource = {
    name: 'servers',
    async routes() {
      state.reads += 1;
      const answer = state.wanted;
      state.onRead();
      return answer;
    },
    async confirm(spec) {
      state.confirms.push(spec);
      return state.wanted.find((route) => route.spec === spec) ?? null;
    },
  };
  return { source, state };
}

function logger() {
  const lines: string[] = [];
  const write = (level: string) => (_fields: object, message: string) =>
    void lines.push(`${level}: ${message}`);
  const log: Logger = {
    trace: () => {},
    debug: () => {},
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    child: () => log,
  };
  return { log, lines };
}

const opened: Routes[] = [];
afterEach(async () => {
  for (const routes of opened.splice(0)) await routes.close();
});

function routesFor(proxy: HubProxy, more: Partial<RoutesDependencies> = {}) {
  const { log, lines } = logger();
  const routes = createRoutes({
    proxies: new Map([['chp', proxy]]),
    sources: [],
    hubRoute: () => ({ spec: hub.spec, target: hub.target }),
    isHolder: () => true,
    clock: systemClock,
    log,
    ...more,
  });
  opened.push(routes);
  return { routes, lines };
}

describe('a reconciliation', () => {
  it('reads the table of the proxy before the sources', async () => {
    const { proxy, calls } = tableProxy(hub);
    const { source, state } = rows(ada);
    state.onRead = () => calls.push('source');
    await routesFor(proxy, { sources: [source] }).routes.reconcile();
    expect(calls.slice(0, 2)).toEqual(['routes', 'source']);
  });

  it('adds, replaces and removes, and says what it did (P412, P413, P415)', async () => {
    const { proxy, table } = tableProxy(
      { ...hub, target: 'http://127.0.0.1:1' },
      { spec: '/user/gone/', target: 'http://127.0.0.1:2', data: { user: 'gone' } },
    );
    const { source } = rows(ada);
    const done = await routesFor(proxy, { sources: [source] }).routes.reconcile();
    expect(done).toEqual({
      holder: true,
      added: ['/user/ada/'],
      replaced: ['/'],
      removed: ['/user/gone/'],
      doubtful: [],
    });
    expect([...table.values()]).toEqual(expect.arrayContaining([hub, routeOf(ada)]));
    expect(table.size).toBe(2);
  });

  it('reads a route again before it deletes it', async () => {
    const { proxy, table } = tableProxy(hub, routeOf(ada));
    const { source, state } = rows();
    state.onRead = () => {
      state.wanted = [ada]; // became ready after the rows were read
    };
    const { removed } = await routesFor(proxy, { sources: [source] }).routes.reconcile();
    expect(state.confirms).toEqual(['/user/ada/']);
    expect(removed).toEqual([]);
    expect(table.has('/user/ada/')).toBe(true);
  });

  it('does not put back an old target over a newer one', async () => {
    const { proxy, table } = tableProxy(hub, { ...routeOf(ada), target: 'http://127.0.0.1:5002' });
    const { source, state } = rows(ada);
    state.onRead = () => {
      state.wanted = [{ ...ada, target: 'http://127.0.0.1:5002' }];
    };
    await routesFor(proxy, { sources: [source] }).routes.reconcile();
    expect(table.get('/user/ada/')?.target).toBe('http://127.0.0.1:5002');
  });

  it('takes back what it added when the row was gone by then', async () => {
    const { proxy, table, step } = tableProxy(hub);
    const { source, state } = rows(ada);
    step.before = (call) => {
      if (call === 'add /user/ada/') state.wanted = [];
    };
    const { added, removed } = await routesFor(proxy, { sources: [source] }).routes.reconcile();
    expect([added, removed]).toEqual([['/user/ada/'], ['/user/ada/']]);
    expect([...table.keys()]).toEqual(['/']);
  });

  it('names what it wrote while the owner became busy as doubtful', async () => {
    const { proxy, step } = tableProxy(hub);
    const { source, state } = rows(ada);
    step.before = (call) => {
      if (call === 'add /user/ada/') state.wanted = [busyAda];
    };
    const { doubtful } = await routesFor(proxy, { sources: [source] }).routes.reconcile();
    expect(doubtful).toEqual(['/user/ada/']);
  });

  it('leaves routes alone that this hub changes meanwhile', async () => {
    const { proxy, calls, step } = tableProxy(hub, routeOf(ada));
    const { source } = rows();
    const { routes } = routesFor(proxy, { sources: [source] });
    step.before = (call) => {
      if (call === 'routes') void routes.add(routeOf(ada));
    };
    await routes.reconcile();
    expect(calls).not.toContain('delete /user/ada/');
  });

  it('puts the route of the hub back even when a source cannot be read, and deletes nothing', async () => {
    const { proxy, table } = tableProxy(routeOf(ada));
    const broken: RouteSource = {
      name: 'servers',
      routes: () => Promise.reject(new HubError('HUB_DATABASE_UNAVAILABLE', 'the database does not answer')),
      confirm: async () => null,
    };
    await expect(routesFor(proxy, { sources: [broken] }).routes.reconcile()).rejects.toMatchObject({
      code: 'HUB_PROXY_UNAVAILABLE',
      problems: ['chp: the database does not answer'],
    });
    expect([...table.keys()].toSorted()).toEqual(['/', '/user/ada/']);
  });

  it('tries everything, then fails with what could not be done (P416)', async () => {
    const { proxy, table, step } = tableProxy(hub);
    const bob = { ...ada, spec: '/user/bob/' };
    const { source } = rows(ada, bob);
    step.before = (call) => {
      if (call === 'add /user/ada/') throw new Error('no');
    };
    await expect(routesFor(proxy, { sources: [source] }).routes.reconcile()).rejects.toMatchObject({
      problems: ['chp /user/ada/: no'],
    });
    expect(table.has('/user/bob/')).toBe(true);
  });

  it('gives up a dead proxy after one batch instead of asking for every route', async () => {
    const { proxy, calls, step } = tableProxy(hub);
    const many = Array.from({ length: 200 }, (_, index) => ({ ...ada, spec: `/user/u${index}/` }));
    step.before = (call) => {
      if (call !== 'routes') throw new HubError('HUB_PROXY_UNAVAILABLE', 'dead');
    };
    const { routes } = routesFor(proxy, { sources: [rows(...many).source], settings: { parallel: 4 } });
    await expect(routes.reconcile()).rejects.toThrow('dead');
    expect(calls.filter((call) => call.startsWith('add')).length).toBeLessThanOrEqual(8);
  });

  it('has no more writes under way than it may', async () => {
    const { proxy, step } = tableProxy(hub);
    const many = Array.from({ length: 50 }, (_, index) => ({ ...ada, spec: `/user/u${index}/` }));
    let now = 0;
    let most = 0;
    step.before = async () => {
      most = Math.max(most, ++now);
      await systemClock.sleep(1);
      now -= 1;
    };
    await routesFor(proxy, { sources: [rows(...many).source], settings: { parallel: 3 } }).routes.reconcile();
    expect(most).toBe(3);
  });

  it('runs one at a time; callers meanwhile share the next (P411)', async () => {
    const { proxy, calls } = tableProxy(hub);
    const { routes } = routesFor(proxy);
    await Promise.all(Array.from({ length: 20 }, () => routes.reconcile()));
    expect(calls.filter((call) => call === 'routes')).toHaveLength(2);
  });

  it('is only for the holder of the duty, and ends when the duty is lost', async () => {
    const { proxy, calls, table, step } = tableProxy();
    expect(await routesFor(proxy, { isHolder: () => false }).routes.reconcile()).toMatchObject({
      holder: false,
    });
    expect(calls).toEqual([]);

    let holder = true;
    step.before = () => {
      holder = false;
    };
    await routesFor(proxy, { isHolder: () => holder, sources: [rows(ada).source] }).routes.reconcile();
    expect(table.size).toBe(0);
  });

  it('keeps every proxy right, and one that is dead does not hold up another', async () => {
    const dead = tableProxy();
    const live = tableProxy();
    dead.step.before = () => {
      throw new Error('dead');
    };
    const proxies = new Map([
      ['dead', dead.proxy],
      ['live', live.proxy],
    ]);
    await expect(routesFor(live.proxy, { proxies }).routes.reconcile()).rejects.toThrow('dead');
    expect(live.table.get('/')).toEqual(hub);
  });

  it('reports each call and the table to its observer, whose throw harms nothing', async () => {
    const { proxy } = tableProxy();
    const events: RouteEvent[] = [];
    const tables: number[] = [];
    const { routes } = routesFor(proxy, {
      observe: {
        done: (event) => {
          events.push(event);
          throw new Error('observer');
        },
        table: (_id, table) => tables.push(table.size),
      },
    });
    await routes.reconcile();
    expect(events.map(({ kind, ok }) => [kind, ok])).toEqual([
      ['read', true],
      ['add', true],
      ['reconcile', true],
    ]);
    expect(tables).toEqual([0]);
  });
});

describe('the watch', () => {
  const quick = { checkEvery: 0.02 };

  it('reconciles as soon as the hub holds the duty', async () => {
    const { proxy, table } = tableProxy();
    let holder = false;
    const { routes } = routesFor(proxy, { isHolder: () => holder, settings: quick });
    routes.open();
    await systemClock.sleep(60);
    expect(table.size).toBe(0);
    holder = true;
    await vi.waitFor(() => expect(table.has('/')).toBe(true));
  });

  it('puts all back when the route of the hub is gone', async () => {
    const { proxy, table } = tableProxy();
    const { routes } = routesFor(proxy, { sources: [rows(ada).source], settings: quick });
    routes.open();
    await vi.waitFor(() => expect(table.size).toBe(2));
    table.clear();
    await vi.waitFor(() => expect(table.size).toBe(2));
  });

  it('puts all back at once when the proxy says it was reset', async () => {
    const { proxy, table, reset, watchers } = tableProxy();
    const { routes } = routesFor(proxy, { sources: [rows(ada).source] });
    routes.open();
    await vi.waitFor(() => expect(table.size).toBe(2));
    table.clear();
    reset();
    await vi.waitFor(() => expect(table.size).toBe(2));
    await routes.close();
    expect(watchers.size).toBe(0);
  });

  it('reconciles on the long interval, and soon after a doubtful one', async () => {
    const { proxy, table, step } = tableProxy(hub);
    const { source, state } = rows(ada);
    step.before = (call) => {
      if (call === 'add /user/ada/') state.wanted = [busyAda];
    };
    const { routes } = routesFor(proxy, { sources: [source], settings: quick });
    routes.open();
    await vi.waitFor(() => expect(table.has('/user/ada/')).toBe(true));
    await systemClock.sleep(60); // as long as the owner is busy, the doubt stays
    state.wanted = [];
    await vi.waitFor(() => expect(table.has('/user/ada/')).toBe(false));

    const other = tableProxy(hub);
    const later = rows();
    const slow = routesFor(other.proxy, {
      sources: [later.source],
      settings: { ...quick, reconcileEvery: 0.1 },
    });
    slow.routes.open();
    await vi.waitFor(() => expect(later.state.reads).toBe(1));
    later.state.wanted = [ada];
    await vi.waitFor(() => expect(other.table.has('/user/ada/')).toBe(true));
  });

  it('logs a failure once, tries again, and logs the end of it; a reset ends the wait', async () => {
    const { proxy, table, step, reset } = tableProxy();
    step.before = () => {
      throw new Error('dead');
    };
    const { routes, lines } = routesFor(proxy, { settings: quick });
    routes.open();
    await systemClock.sleep(1200); // at least two tries
    step.before = () => undefined;
    reset();
    await vi.waitFor(() => expect(table.has('/')).toBe(true), { timeout: 500 });
    expect(lines.filter((line) => line.includes('trying again'))).toHaveLength(1);
    await vi.waitFor(() => expect(lines).toContain('info: routes are right again'));
  });

  it('ends a call that hangs', async () => {
    const { proxy, step } = tableProxy(hub);
    step.before = () => new Promise(() => {});
    const { routes } = routesFor(proxy);
    routes.open();
    await systemClock.sleep(10);
    await routes.close();
    expect(await Promise.race([routes.reconcile().catch((error: Error) => error.message)])).toContain(
      'stopping',
    );
  });
});

describe('add and remove', () => {
  it('go to all proxies, and fail if one fails', async () => {
    const one = tableProxy();
    const two = tableProxy();
    const proxies = new Map([
      ['one', one.proxy],
      ['two', two.proxy],
    ]);
    const { routes } = routesFor(one.proxy, { proxies });
    await routes.add(routeOf(ada));
    expect([one.table.size, two.table.size]).toEqual([1, 1]);
    one.step.before = () => {
      throw new Error('no');
    };
    await expect(routes.remove('/user/ada/')).rejects.toThrow('no');
    expect(two.table.size).toBe(0);
  });

  it('have a time limit', async () => {
    const { proxy, step } = tableProxy();
    step.before = () => new Promise(() => {});
    const { routes } = routesFor(proxy, { settings: { callTimeout: 0.05 } });
    await expect(routes.add(routeOf(ada))).rejects.toThrow('longer than 0.05 s');
  });

  it('end when their signal is aborted', async () => {
    const { proxy, step } = tableProxy();
    step.before = () => new Promise(() => {});
    const { routes } = routesFor(proxy);
    await expect(routes.add(routeOf(ada), AbortSignal.timeout(20))).rejects.toThrow(/timeout/);
  });
});

describe('extra routes (P406)', () => {
  const { log, lines } = logger();

  it('are wanted with their mark, and get their final slash with a warning', async () => {
    const source = extraRoutes({ '/grafana': 'http://127.0.0.1:3000' }, { hostRouting: false, log });
    expect(await source.routes(new AbortController().signal)).toEqual([
      { state: 'wanted', spec: '/grafana/', target: 'http://127.0.0.1:3000', data: { extra: true } },
    ]);
    expect(lines).toHaveLength(1);
  });

  it('are refused all at once when wrong', () => {
    const wrong = { grafana: 'http://h:1', '/x/': 'ftp://h', '/y/': 'nonsense' };
    expect(() => extraRoutes(wrong, { hostRouting: false, log })).toThrow(
      expect.objectContaining({
        code: 'HUB_CONFIG_INVALID',
        problems: expect.objectContaining({ length: 3 }),
      }),
    );
    expect(() => extraRoutes({ '/x/': 'http://h:1' }, { hostRouting: true, log })).toThrow('host name');
  });
});
