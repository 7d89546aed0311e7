import { describe, expect, it } from 'vitest';
import { empty } from './answer.ts';
import { anyOf, on } from './authorise.ts';
import { type PathParams, type RegisteredRoute, type Routes, saysWhoMay } from './route.ts';

describe('a route', () => {
  it('is typed by its path and its schemas, and needs a line that says who may use it', () => {
    const seen: unknown[] = [];
    const api: Routes = { route: (...route) => void seen.push(route) };
    const body = { type: 'object', properties: { n: { type: 'integer' } } } as const;

    api.route('PUT', '/users/:name/servers/:server', {
      scope: anyOf('servers'),
      on: ({ params }) => on.server(params.name, params.server),
      body,
      handle({ params, body, query }) {
        const names: [string, string] = [params.name, params.server];
        const n: number | undefined = body.n;
        const any: string | undefined = query.anything;
        return empty(names.length + (n ?? 0) + (any?.length ?? 0));
      },
    });
    // @ts-expect-error nobody is named
    api.route('GET', '/nobody', { handle: () => empty() });
    // @ts-expect-error both kinds of line
    api.route('GET', '/both', { scope: anyOf('servers'), identity: 'any', handle: () => empty() });
    // @ts-expect-error no such scope
    api.route('GET', '/unknown', { scope: anyOf('serverz'), handle: () => empty() });
    api.route('GET', '/users/:name', {
      scope: anyOf('servers'),
      // @ts-expect-error no such parameter
      on: ({ params }) => on.user(params.user),
      handle: () => empty(),
    });
    expect(seen).toHaveLength(5);
  });

  it('has the parameters of its path', () => {
    const params: PathParams<'/a/:b/c/:d'> = { b: '1', d: '2' };
    const rest: PathParams<'/static/*'> = { '*': 'x/y' };
    expect({ ...params, ...rest }).toEqual({ b: '1', d: '2', '*': 'x/y' });
  });

  it.each<[object, boolean]>([
    [{ identity: 'anyone' }, true],
    [{ scope: { anyOf: ['servers'] } }, true],
    [{ scope: { anyOf: [] } }, false],
    [{}, false],
  ])('%j says who may use it: %s', (line, expected) => {
    const route = { definition: { ...line, handle: () => empty() } } as unknown as RegisteredRoute;
    expect(saysWhoMay(route)).toBe(expected);
  });
});
