import assert from 'node:assert/strict';
import type { LoginField, UserView } from '@hub/core/plugin';
import type { AuthenticatorCase } from './under-test.ts';

const somebody: UserView = {
  id: '1',
  name: 'conformance',
  escapedName: 'conformance',
  admin: false,
  groups: [],
  created: '2026-01-01T00:00:00Z',
};

/** What every authenticator promises, however it lets people in. */
export const generalCases: readonly AuthenticatorCase[] = [
  {
    name: 'says how a login begins: a form, a button or nothing (P144)',
    async run({ authenticator: { login } }) {
      const kinds = ['form', 'button', 'none'].filter((kind) => kind in login);
      assert.equal(kinds.length, 1, 'exactly one of form, button and none');
      if ('form' in login) {
        const names = login.form.fields.map((field: string | LoginField) =>
          typeof field === 'string' ? field : field.name,
        );
        assert.ok(names.length > 0, 'a form has fields');
        assert.equal(new Set(names).size, names.length, 'each field once');
        assert.ok(!names.includes('_xsrf'), '_xsrf is the hub’s own');
      }
      if ('button' in login) {
        assert.notEqual(login.button.label.trim(), '', 'a button has a label');
        assert.match(login.button.path, /^\//, 'the path of a button begins with a slash');
      }
    },
  },
  {
    name: 'answers questions about names with yes or no (P109–P112)',
    async run({ authenticator }) {
      const identity = { name: 'conformance' };
      const blocked = await authenticator.isBlocked?.('conformance', identity);
      const allowed = await authenticator.isAllowed?.('conformance', identity);
      const admin = await authenticator.isAdmin?.('conformance', identity);
      assert.ok(blocked === undefined || typeof blocked === 'boolean', 'isBlocked answers true or false');
      assert.ok(allowed === undefined || typeof allowed === 'boolean', 'isAllowed answers true or false');
      assert.ok(
        admin === undefined || admin === null || typeof admin === 'boolean',
        'isAdmin answers true, false or null',
      );
    },
  },
  {
    name: 'looks over its own options without failing (P118)',
    async run({ authenticator }) {
      const warnings = (await authenticator.checkConfig?.()) ?? [];
      assert.ok(
        warnings.every((line) => typeof line === 'string' && line !== ''),
        'warnings are sentences',
      );
    },
  },
  {
    name: 'forgets a user it never heard of without failing (P116)',
    async run({ authenticator }) {
      await assert.doesNotReject(async () => authenticator.onUserDeleted?.(somebody));
    },
  },
];
