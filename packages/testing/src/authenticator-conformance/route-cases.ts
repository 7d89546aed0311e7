import assert from 'node:assert/strict';
import { type Authenticator, isHubError, type PluginRouter, type RequestContext } from '@hub/core/plugin';
import { visitOf } from './route-visit.ts';
import type { AuthenticatorCase, Subject } from './under-test.ts';
import { within } from './within.ts';

interface Route {
  readonly method: string;
  readonly path: string;
  readonly options: { readonly scope?: unknown; readonly xsrf?: unknown };
  readonly handle: Parameters<PluginRouter['route']>[3];
}

function routesOf(authenticator: Authenticator): readonly Route[] {
  const routes: Route[] = [];
  authenticator.routes?.({
    route: (method, path, options, handle) =>
      void routes.push({ method, path, options: options ?? {}, handle }),
  });
  return routes;
}

const called = ({ method, path }: Route) => `${method} ${path}`;

/** What visitors without manners bring along. */
const hostileQueries: readonly Readonly<Record<string, string>>[] = [
  {},
  { next: 'https://elsewhere.example/' },
  { next: '//elsewhere.example/', code: 'x', state: 'x' },
  { code: '\0', state: '__proto__', error: '<script>', error_description: 'a\r\nb' },
  { code: 'x'.repeat(10_000), state: 'é'.repeat(5_000) },
];

/** What an authenticator promises about addresses of its own (P141, P804). */
export const routeCases: readonly AuthenticatorCase[] = [
  {
    name: 'declares its routes with a path of its own and who may use them (P141)',
    needs: 'routes',
    async run({ authenticator }) {
      const routes = routesOf(authenticator);
      assert.ok(routes.length > 0, '`routes` declares none');
      for (const route of routes) {
        const { method, path, options } = route;
        assert.match(
          path,
          /^\/(?:[\w~-][\w.~-]*(?:\/(?!$)|$))*$/,
          `${called(route)}: a slash and plain words`,
        );
        assert.match(method, /^(GET|POST|PUT|PATCH|DELETE)$/, `${called(route)}: a method the hub knows`);
        const hasScope = typeof options.scope === 'string' && options.scope !== '';
        assert.ok(hasScope, `${called(route)}: a scope, 'user' or 'anyone'`);
        assert.ok(
          options.xsrf !== false || method !== 'GET',
          `${called(route)}: only a post does without XSRF`,
        );
      }
      const all = routes.map(called);
      assert.deepEqual(all, [...new Set(all)], 'each route once');
      assert.deepEqual(routesOf(authenticator).map(called), all, 'the same routes each time');
    },
  },
  {
    name: 'leads its button to a route of its own (P142)',
    needs: 'routes',
    async run({ authenticator }) {
      const { login } = authenticator;
      if (!('button' in login)) return assert.ok('form' in login || 'none' in login);
      const [path] = login.button.path.split('?');
      const isThere = routesOf(authenticator).some((route) => route.method === 'GET' && route.path === path);
      assert.ok(isThere, `the button leads to ${path}, which is no GET route`);
    },
  },
  {
    name: 'leaves nobody without an answer, whatever they bring (P804)',
    needs: 'routes',
    async run(subject) {
      for (const route of routesOf(subject.authenticator)) {
        for (const query of hostileQueries) await visit(subject, route, query);
      }
    },
  },
  {
    name: 'tells no secret in its answers',
    needs: 'routes',
    async run(subject) {
      for (const route of routesOf(subject.authenticator)) {
        for (const query of hostileQueries) {
          const { answers } = await visit(subject, route, query);
          for (const secret of subject.secrets) {
            assert.ok(!JSON.stringify(answers).includes(secret), `${called(route)} told a secret`);
          }
        }
      }
    },
  },
];

async function visit(
  { limitSeconds }: Subject,
  route: Route,
  query: Readonly<Record<string, string>>,
): Promise<{ readonly answers: readonly unknown[] }> {
  const { context, answers } = visitOf(route.method, route.path, query);
  try {
    await within(limitSeconds, called(route), () => route.handle(context as RequestContext));
  } catch (error) {
    assert.ok(isHubError(error) && error.status < 500, `${called(route)} failed: ${String(error)}`);
    assert.equal(answers.length, 0, `${called(route)} answered and then failed`);
    return { answers: [error.message] };
  }
  assert.equal(answers.length, 1, `${called(route)} answered ${answers.length} times`);
  const [answer] = answers;
  const leads = answer?.kind === 'redirect' || answer?.kind === 'signIn' ? answer.to : null;
  const elsewhere = leads === null ? null : URL.parse(leads, 'http://127.0.0.1:8000')?.hostname;
  assert.notEqual(elsewhere, 'elsewhere.example', `${called(route)} leads wherever \`next\` says`);
  return { answers };
}
