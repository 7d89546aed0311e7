import assert from 'node:assert/strict';
import type { ProxyCase } from './under-test.ts';
import { ask, openSocket } from './wire.ts';

/** What requests through a proxy meet (P404, P431, P433). */
export const trafficCases: readonly ProxyCase[] = [
  {
    name: 'routes below a spec as soon as addRoute resolves, until deleteRoute does (P404)',
    async run({ proxy, base, target, add, publicUrl }) {
      const { origin } = await target('here');
      for (let round = 0; round < 10; round++) {
        await add(base, origin);
        assert.equal((await ask(publicUrl, `${base}x`)).name, 'here');
        await proxy.deleteRoute(base);
        assert.notEqual((await ask(publicUrl, `${base}x`)).name, 'here');
      }
    },
  },
  {
    name: 'adding over a route replaces its target at once (P404)',
    async run({ base, target, add, publicUrl }) {
      const [one, two] = [await target('one'), await target('two')];
      await add(base, one.origin);
      assert.equal((await ask(publicUrl, base)).name, 'one');
      await add(base, two.origin);
      assert.equal((await ask(publicUrl, base)).name, 'two');
    },
  },
  {
    name: 'takes the longest matching prefix (P431)',
    async run({ base, target, add, publicUrl }) {
      const [outer, inner] = [await target('outer'), await target('inner')];
      await add(`${base}ada/`, outer.origin);
      await add(`${base}ada/gpu/`, inner.origin);
      assert.equal((await ask(publicUrl, `${base}ada/lab`)).name, 'outer');
      assert.equal((await ask(publicUrl, `${base}ada/gpu/lab`)).name, 'inner');
      assert.equal((await ask(publicUrl, `${base}ada/gpu`)).name, 'inner');
    },
  },
  {
    name: 'matches whole segments of the path (P431)',
    async run({ base, target, add, publicUrl }) {
      const [ada, parent] = [await target('ada'), await target('parent')];
      await add(base, parent.origin);
      await add(`${base}ada/`, ada.origin);
      assert.equal((await ask(publicUrl, `${base}adam/lab`)).name, 'parent');
      assert.equal((await ask(publicUrl, `${base}ad`)).name, 'parent');
      assert.equal((await ask(publicUrl, `${base}ada`)).name, 'ada');
    },
  },
  {
    name: 'forwards path and query unchanged, escapes included (P404)',
    async run({ base, target, add, publicUrl }) {
      const { origin } = await target();
      await add(base, origin);
      for (const rest of [
        'a%2Fb',
        '%41bc',
        'a%20b?x=%26&y=a+b',
        'sp%C3%A9cial/~@!$',
        'a//b',
        'x?next=%2Fhub%2F',
      ]) {
        assert.equal((await ask(publicUrl, `${base}${rest}`)).url, `${base}${rest}`);
      }
    },
  },
  {
    name: 'forwards method and body',
    async run({ base, target, add, publicUrl }) {
      const { origin } = await target();
      await add(base, origin);
      const body = 'é'.repeat(100_000);
      for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
        const seen = await ask(publicUrl, base, method, body);
        assert.deepEqual([seen.method, seen.body === body], [method, true]);
      }
    },
  },
  {
    name: 'a deleted route falls back to its parent',
    async run({ proxy, base, target, add, publicUrl }) {
      const [parent, child] = [await target('parent'), await target('child')];
      await add(base, parent.origin);
      await add(`${base}ada/`, child.origin);
      await proxy.deleteRoute(`${base}ada/`);
      assert.equal((await ask(publicUrl, `${base}ada/lab`)).name, 'parent');
    },
  },
  {
    name: 'the route / takes what no other takes',
    async run({ proxy, base, target, add, publicUrl }) {
      const [hub, ada] = [await target('hub'), await target('ada')];
      await add('/', hub.origin);
      await add(`${base}ada/`, ada.origin);
      assert.equal((await ask(publicUrl, `${base}bob/`)).name, 'hub');
      assert.equal((await ask(publicUrl, '/')).name, 'hub');
      assert.equal((await ask(publicUrl, `${base}ada/`)).name, 'ada');
      assert.ok((await proxy.routes()).has('/'));
    },
  },
  {
    name: 'no route is 404 (P433)',
    needs: 'status404',
    async run({ base, publicUrl }) {
      assert.equal((await ask(publicUrl, `${base}nobody/`)).status, 404);
    },
  },
  {
    name: 'a target that is down is answered with 503, and is used again when it is back (P433)',
    async run({ base, target, add, publicUrl, supports }) {
      const gone = await target('gone');
      await add(base, gone.origin);
      await gone.stop();
      const { status } = await ask(publicUrl, base);
      if (supports.status503) assert.equal(status, 503);
      else assert.ok(status >= 500, `a dead target was answered ${status}`);
      const back = await target('back');
      await add(base, back.origin);
      assert.equal((await ask(publicUrl, base)).name, 'back');
    },
  },
  {
    name: 'passes websockets without being told',
    async run({ base, target, add, publicUrl }) {
      await add(base, (await target()).origin);
      const socket = await openSocket(publicUrl, `${base}api/kernels/1/channels?session=2`);
      assert.equal(await socket.echo('hello'), 'hello');
      socket.close();
    },
  },
  {
    name: 'a live websocket survives changes of other routes',
    async run({ proxy, base, target, add, publicUrl }) {
      const [live, other] = [await target('live'), await target('other')];
      await add(`${base}live/`, live.origin);
      const socket = await openSocket(publicUrl, `${base}live/channels`);
      for (let round = 0; round < 5; round++) {
        await add(`${base}other/`, other.origin);
        await add(base, other.origin);
        await proxy.deleteRoute(`${base}other/`);
        await proxy.deleteRoute(base);
        assert.equal(await socket.echo(`round ${round}`), `round ${round}`);
      }
      // The same route written again, as a reconciliation may do.
      await add(`${base}live/`, live.origin);
      assert.equal(await socket.echo('still here'), 'still here');
      socket.close();
    },
  },
];
