import assert from 'node:assert/strict';
import type { LoginView } from '@hub/core/plugin';
import { requireSoundParts } from './identity-cases.ts';
import { userNamed } from './request.ts';
import type { AuthenticatorCase } from './under-test.ts';
import { within } from './within.ts';

const stranger = userNamed();
const login: LoginView = Object.freeze({
  id: '1',
  user: stranger,
  authenticator: 'conformance',
  subject: 'conformance',
  providerSession: null,
});
const facts = Object.freeze({ authState: null, returnUrl: 'http://127.0.0.1:8000/hub/login' });

/** What every authenticator promises, however it lets people in. */
export const generalCases: readonly AuthenticatorCase[] = [
  {
    name: 'says how a login begins: a form, a button or nothing (P144)',
    async run({ authenticator: { login: start } }) {
      const kinds = ['form', 'button', 'none'].filter((kind) => kind in start);
      assert.equal(kinds.length, 1, 'exactly one of form, button and none');
      if ('form' in start) {
        const fields = start.form.fields.map((field) =>
          typeof field === 'string' ? { name: field } : field,
        );
        const names = fields.map(({ name }) => name);
        assert.ok(names.length > 0 || start.form.html, 'a form has fields');
        assert.ok(!names.includes(''), 'each field has a name');
        assert.equal(new Set(names).size, names.length, 'each field once');
        assert.ok(!names.includes('_xsrf'), '_xsrf is the hub’s own');
        for (const field of fields) {
          const type: unknown = 'type' in field ? field.type : undefined;
          assert.ok(
            type === undefined || type === 'text' || type === 'password',
            'a field is text or password',
          );
        }
      }
      if ('button' in start) {
        assert.notEqual(start.button.label.trim(), '', 'a button has a label');
        assert.match(start.button.path, /^\//, 'the path of a button begins with a slash');
      }
    },
  },
  {
    name: 'says of itself what the hub understands (P143, P161)',
    async run({ authenticator }) {
      const { autoLogin, letsEverybodyIn }: { autoLogin?: unknown; letsEverybodyIn?: unknown } =
        authenticator;
      const ways = [undefined, true, false, 'oauth-authorize'];
      assert.ok(ways.includes(autoLogin as boolean), 'autoLogin is true, false or "oauth-authorize"');
      const isFlag = letsEverybodyIn === undefined || typeof letsEverybodyIn === 'boolean';
      assert.ok(isFlag, 'letsEverybodyIn is true or false');
    },
  },
  {
    name: 'looks over its own options without failing (P118)',
    async run({ authenticator, limitSeconds }) {
      const warnings = (await within(limitSeconds, 'checkConfig', () => authenticator.checkConfig?.())) ?? [];
      assert.ok(Array.isArray(warnings), 'checkConfig answers with a list');
      assert.ok(
        warnings.every((line) => typeof line === 'string' && line !== ''),
        'warnings are sentences',
      );
    },
  },
  {
    name: 'forgets a user it never heard of without failing (P116)',
    async run({ authenticator, limitSeconds }) {
      await within(limitSeconds, 'onUserDeleted', () => authenticator.onUserDeleted?.(stranger));
    },
  },
  {
    name: 'hears of a login and of its end without failing, whoever it was (P146, P802)',
    async run({ authenticator, limitSeconds }) {
      await within(limitSeconds, 'onLogin', () => authenticator.onLogin?.(login));
      const leave: unknown = await within(limitSeconds, 'onLogout', () =>
        authenticator.onLogout?.(login, facts),
      );
      if (leave === undefined || leave === null) return;
      const isAddress =
        typeof leave === 'string' &&
        (/^\/(?!\/)/.test(leave) || /^https?:$/.test(URL.parse(leave)?.protocol ?? ''));
      assert.ok(isAddress, 'onLogout answers with nothing, a path or an http address');
    },
  },
  {
    name: 'names roles as the hub knows them (P137, P139)',
    async run({ authenticator, limitSeconds }) {
      const roles =
        (await within(limitSeconds, 'loadManagedRoles', () => authenticator.loadManagedRoles?.())) ?? [];
      assert.ok(Array.isArray(roles), 'loadManagedRoles answers with a list');
      requireSoundParts({ roles });
    },
  },
];
