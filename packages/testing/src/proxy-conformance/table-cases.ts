import assert from 'node:assert/strict';
import type { ProxyCase } from './under-test.ts';
import { ask } from './wire.ts';

/** User names that are rare and allowed (P108, R178), as they stand in a spec (P403). */
export const oddNames = [
  'ada@example.edu',
  'a~b',
  '%C3%A9mile',
  '%F0%9F%90%8D',
  'o%27neil',
  'x%28y%29%21%2A',
  'a%20b',
  '50%25',
  'a%2Bb',
  'a%22b%3B',
  'UPPER',
  '-dash_',
  'constructor',
  '__proto__',
] as const;

/** What the table of a proxy promises (P404, P405, P415). */
export const tableCases: readonly ProxyCase[] = [
  {
    name: 'gives back spec, target and data as they were given (P405)',
    async run({ proxy, base, target }) {
      const { origin } = await target();
      const data = { user: 'ada', server_name: 'gpu', nested: { list: [1, 'two', null, true] }, empty: '' };
      await proxy.addRoute({ spec: base, target: origin, data });
      const found = (await proxy.routes()).get(base);
      await proxy.deleteRoute(base);
      assert.ok(found, `no route ${base} in the table`);
      assert.equal(found.spec, base);
      assert.equal(found.target.replace(/\/$/, ''), origin);
      const { last_activity: _, ...rest } = found.data;
      assert.deepEqual(rest, data);
    },
  },
  {
    name: 'adding the same route twice changes nothing (P404)',
    async run({ proxy, base, target, add }) {
      const { origin } = await target();
      await add(base, origin);
      const before = (await proxy.routes()).size;
      await add(base, origin);
      assert.equal((await proxy.routes()).size, before);
    },
  },
  {
    name: 'deleting a route that is not there is no error (P404)',
    async run({ proxy, base, target, add }) {
      await proxy.deleteRoute(`${base}never/`);
      await add(base, (await target()).origin);
      await proxy.deleteRoute(base);
      await proxy.deleteRoute(base);
      assert.equal((await proxy.routes()).has(base), false);
    },
  },
  {
    name: 'keeps odd names apart and gives them back as given (P403)',
    async run({ proxy, base, target, add, publicUrl }) {
      const servers = await Promise.all(oddNames.map((name) => target(name)));
      for (const { name, origin } of servers) await add(`${base}${name}/`, origin);
      const table = await proxy.routes();
      for (const { name } of servers) {
        assert.ok(table.has(`${base}${name}/`), `no route ${base}${name}/ in the table`);
        const seen = await ask(publicUrl, `${base}${name}/x`);
        assert.equal(seen.name, name, `a request for ${name} reached ${seen.name || seen.status}`);
      }
      for (const { name } of servers) await proxy.deleteRoute(`${base}${name}/`);
      const left = [...(await proxy.routes()).keys()].filter((spec) => spec.startsWith(base));
      assert.deepEqual(left, []);
    },
  },
  {
    name: 'takes many routes at the same time',
    async run({ proxy, base, target, publicUrl }) {
      const { origin } = await target('many');
      const specs = Array.from({ length: 60 }, (_, index) => `${base}u${index}/`);
      await Promise.all(specs.map((spec) => proxy.addRoute({ spec, target: origin, data: { spec } })));
      const table = await proxy.routes();
      for (const spec of specs) assert.equal(table.get(spec)?.data.spec, spec);
      assert.equal((await ask(publicUrl, `${base}u59/x`)).name, 'many');
      await Promise.all(specs.map((spec) => proxy.deleteRoute(spec)));
      const left = [...(await proxy.routes()).keys()].filter((spec) => spec.startsWith(base));
      assert.deepEqual(left, []);
    },
  },
  {
    name: 'does not show routes that no hub made, and leaves them in place (P415)',
    needs: 'foreignRoutes',
    async run({ proxy, base, target, add, addForeignRoute, publicUrl }) {
      const mine = await target('mine');
      const foreign = await target('foreign');
      await addForeignRoute(`${base}foreign`, foreign.origin);
      await add(`${base}mine/`, mine.origin);
      const specs = [...(await proxy.routes()).keys()].filter((spec) => spec.startsWith(base));
      assert.deepEqual(specs, [`${base}mine/`]);
      await proxy.deleteRoute(`${base}mine/`);
      assert.equal((await ask(publicUrl, `${base}foreign/x`)).name, 'foreign');
    },
  },
  {
    name: 'tells the last activity of a route as a time (P405)',
    needs: 'activity',
    async run({ proxy, base, target, add, publicUrl }) {
      await add(base, (await target()).origin);
      await ask(publicUrl, `${base}x`);
      const activity = (await proxy.routes()).get(base)?.data.last_activity;
      assert.equal(typeof activity, 'string');
      assert.ok(Math.abs(Date.parse(String(activity)) - Date.now()) < 60_000, `last_activity is ${activity}`);
    },
  },
  {
    name: 'getRoute, where offered, answers as the table does',
    async run({ proxy, base, target, add }) {
      if (!proxy.getRoute) return assert.equal(proxy.getRoute, undefined);
      const { origin } = await target();
      await add(base, origin);
      await add('/', origin);
      for (const spec of [base, '/'])
        assert.equal((await proxy.getRoute(spec))?.target.replace(/\/$/, ''), origin);
      assert.equal((await proxy.getRoute('/'))?.spec, '/');
      assert.equal(await proxy.getRoute(`${base}never/`), null);
    },
  },
  {
    name: 'an aborted call rejects and changes nothing',
    async run({ proxy, base, target }) {
      const { origin } = await target();
      const reason = new Error('no longer wanted');
      const signal = AbortSignal.abort(reason);
      const isReason = (error: unknown) => error === reason;
      await assert.rejects(proxy.addRoute({ spec: base, target: origin, data: {} }, signal), isReason);
      await assert.rejects(proxy.deleteRoute(base, signal), isReason);
      await assert.rejects(proxy.routes(signal), isReason);
      assert.equal((await proxy.routes()).has(base), false);
    },
  },
];
