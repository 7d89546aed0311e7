import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JsonObject, ProxyRoute } from '../plugin/index.ts';
import { planRoutes } from './plan-routes.ts';
import type { WantedRoute } from './route-source.ts';

const at = (spec: string, target = 'http://127.0.0.1:1', data: JsonObject = {}): ProxyRoute => ({
  spec,
  target,
  data,
});
const table = (...routes: ProxyRoute[]) => new Map(routes.map((route) => [route.spec, route]));
const want = (spec: string, target = 'http://127.0.0.1:1', data: JsonObject = {}): WantedRoute => ({
  state: 'wanted',
  spec,
  target,
  data,
});
const leave = (spec: string): WantedRoute => ({ state: 'leave-alone', spec });
const nothing = { add: [], replace: [], remove: [] };

describe('a plan for the table', () => {
  it('is empty when all is as wanted', () => {
    expect(planRoutes(table(at('/'), at('/user/ada/')), [want('/'), want('/user/ada/')])).toEqual(nothing);
  });

  it('adds what is missing, and replaces a wrong target (P412, P413)', () => {
    const wanted = [want('/'), want('/user/ada/', 'http://127.0.0.1:2')];
    expect(planRoutes(table(at('/user/ada/')), wanted)).toEqual({
      add: [wanted[0]],
      replace: [wanted[1]],
      remove: [],
    });
  });

  it('removes what nobody wants, by the name the proxy gives it (P415)', () => {
    expect(planRoutes(table(at('/user/a%62c')), [])).toEqual({ ...nothing, remove: ['/user/a%62c'] });
  });

  it('leaves routes alone whose owner is busy, there or not (P413)', () => {
    expect(planRoutes(table(at('/user/ada/')), [leave('/user/ada/'), leave('/user/bob/')])).toEqual(nothing);
  });

  it('knows a route however its name is escaped', () => {
    const escaped = table(at('/user/a@b/'), at('/user/x%28y%29/'), at('/user/%e2%82%ac/'));
    expect(
      planRoutes(escaped, [want('/user/a%40b/'), want('/user/x(y)/'), want('/user/%E2%82%AC/')]),
    ).toEqual(nothing);
  });

  it('copes with names that cannot be decoded', () => {
    expect(planRoutes(table(at('/user/%zz/')), [want('/user/%zz/')])).toEqual(nothing);
  });

  it('takes the first of two wishes for one route', () => {
    const plan = planRoutes(table(), [
      want('/a/', 'http://one:1'),
      want('/a/', 'http://two:2'),
      leave('/a/'),
    ]);
    expect(plan.add).toEqual([want('/a/', 'http://one:1')]);
    expect(planRoutes(table(), [leave('/a/'), want('/a/')])).toEqual(nothing);
  });

  it('replaces a route with other data, and accepts data with more in it (P405)', () => {
    const wish = want('/user/ada/', 'http://h:1', { user: 'ada', server_name: '' });
    const more = { user: 'ada', server_name: '', last_activity: '2026-01-01T00:00:00Z' };
    expect(planRoutes(table(at('/user/ada/', 'http://h:1', more)), [wish])).toEqual(nothing);
    expect(planRoutes(table(at('/user/ada/', 'http://h:1', { user: 'bob' })), [wish]).replace).toEqual([
      wish,
    ]);
  });

  it('sees no difference in the slash after a target', () => {
    expect(planRoutes(table(at('/', 'http://h:1/')), [want('/', 'http://h:1')])).toEqual(nothing);
  });
});

describe('for any table and any wishes', () => {
  const names = fc.constantFrom(
    '/',
    '/user/ada/',
    '/user/a%40b/',
    '/user/%C3%A9/',
    '/services/x/',
    '/user/bob/gpu/',
    '/x/',
  );
  const target = fc.constantFrom('http://h:1', 'http://h:2');
  const data = fc.record(
    { user: fc.constantFrom('ada', 'bob') },
    { requiredKeys: [] },
  ) as fc.Arbitrary<JsonObject>;
  const tables = fc
    .uniqueArray(fc.record({ spec: names, target, data }), { selector: (route) => route.spec })
    .map((routes) => table(...routes));
  const wish = fc.oneof(
    fc.record({ state: fc.constant('wanted' as const), spec: names, target, data }),
    fc.record({ state: fc.constant('leave-alone' as const), spec: names }),
  );
  const wishes = fc.array(wish, { maxLength: 10 });

  const apply = (before: Map<string, ProxyRoute>, wanted: readonly WantedRoute[]) => {
    const plan = planRoutes(before, wanted);
    const after = new Map(before);
    for (const spec of plan.remove) after.delete(spec);
    for (const { spec, target: to, data: with_ } of [...plan.add, ...plan.replace]) {
      after.set(spec, { spec, target: to, data: with_ });
    }
    return after;
  };

  it('doing it leaves nothing to do', () => {
    fc.assert(
      fc.property(tables, wishes, (before, wanted) => {
        expect(planRoutes(apply(before, wanted), wanted)).toEqual(nothing);
      }),
    );
  });

  it('every wanted route is there afterwards, and nothing nobody named', () => {
    fc.assert(
      fc.property(tables, wishes, (before, wanted) => {
        const after = apply(before, wanted);
        const first = new Map(wanted.toReversed().map((one) => [one.spec, one]));
        for (const [spec, one] of first) {
          if (one.state === 'wanted') expect(after.get(spec)).toMatchObject({ target: one.target });
          else expect(after.get(spec)).toEqual(before.get(spec));
        }
        for (const spec of after.keys()) expect([...first.keys()]).toContain(spec);
      }),
    );
  });

  it('no route is in two lists, and the order of the table does not matter', () => {
    fc.assert(
      fc.property(tables, wishes, (before, wanted) => {
        const plan = planRoutes(before, wanted);
        const all = [...plan.add, ...plan.replace].map(({ spec }) => spec).concat(plan.remove);
        expect(new Set(all).size).toBe(all.length);
        const turned = planRoutes(new Map([...before].reverse()), wanted);
        expect({ ...turned, remove: turned.remove.toSorted() }).toEqual({
          ...plan,
          remove: plan.remove.toSorted(),
        });
      }),
    );
  });
});
