import { readFileSync } from 'node:fs';
import path from 'node:path';
import { examineConfig, isPluginInstance, type OptionSchema, type PluginInstance } from '@hub/core';
import { FakeEngine, FakeProxyTable, fakeProxy, fakeSpawner } from '@hub/testing';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { commonProperties } from '../src/options.ts';
import * as presets from '../src/presets/index.ts';

const file = path.resolve(import.meta.dirname, '../../../docs/reference/sign-in-providers.md');
const page = readFileSync(file, 'utf8');
const examples = [...page.matchAll(/^```ts\n(\w+Authenticator\([\s\S]*?\))\n```$/gm)].map(
  ([, code = '']) => code,
);

afterEach(() => vi.unstubAllEnvs());

describe('the reference of providers', () => {
  it('has the tables of the options as the code has them; `--update` writes them', async () => {
    const written = page.replace(
      /(<!-- options: (\w+) -->\n)[\s\S]*?(<!-- end -->)/g,
      (_all, begin: string, name: string, end: string) => `${begin}\n${tableOf(propertiesOf(name))}\n${end}`,
    );
    await expect(written).toMatchFileSnapshot(file);
  });

  it('has a table and an example for each of them', () => {
    const names = Object.keys(presets).toSorted();
    expect(names).toHaveLength(12);
    expect(names.filter((name) => !page.includes(`<!-- options: ${name} -->`))).toEqual([]);
    expect(examples.map((code) => /^\w+/.exec(code)?.[0]).toSorted()).toEqual(names);
  });

  it.each(examples.map((code) => [/^\w+/.exec(code)?.[0], code]))(
    'has an example of %s that works',
    async (_name, code) => {
      for (const [, name = ''] of (code ?? '').matchAll(/clientSecretEnv: '(\w+)'/g))
        vi.stubEnv(name, 'secret');
      const { problems, warnings } = await examine(code ?? '');
      expect(problems).toEqual([]);
      expect(warnings.filter((warning) => /groups|scopes|pkce/.test(warning))).toEqual([]);
    },
  );

  it.each([
    [
      'an institution is missing',
      "cilogonAuthenticator({ clientId: 'hub', clientSecret: 'secret' })",
      /allowedIdps/,
    ],
    [
      'a tenant stands for all',
      "entraAuthenticator({ clientId: 'hub', clientSecret: 's', tenant: 'common' })",
      /allowedTenants/,
    ],
    [
      'an option is unknown',
      "githubAuthenticator({ clientId: 'hub', clientSecret: 's', allowedOrgs: ['engines'] })",
      /allowedOrgs/,
    ],
    [
      'an organisation is none',
      "githubAuthenticator({ clientId: 'hub', clientSecret: 's', allowedOrganizations: ['a:b:c'] })",
      /allowedOrganizations/,
    ],
  ])('is not needed to see that %s', async (_what, code, told) => {
    expect((await examine(code)).problems.join('\n')).toMatch(told);
  });
});

/** What `hub check` would say about a hub with this authenticator. */
function examine(code: string) {
  return examineConfig({
    plugins: [made(code), fakeSpawner(new FakeEngine()), fakeProxy(new FakeProxyTable())],
    cookies: { secret: 'a'.repeat(64) },
  });
}

/** Evaluates an example: this text comes from our own page. */
function made(code: string): PluginInstance {
  const value: unknown = new Function(...Object.keys(presets), `return ${code}`)(...Object.values(presets));
  if (!isPluginInstance(value)) throw new Error(`no plugin: ${code}`);
  return value;
}

function propertiesOf(name: string): Readonly<Record<string, OptionSchema>> {
  if (name === 'common') return commonProperties;
  const found = Object.entries(presets).find(([one]) => one === name)?.[1];
  if (!found) throw new Error(`the page wants a table of ${name}, which there is not`);
  return found.preset.properties;
}

function tableOf(properties: Readonly<Record<string, OptionSchema>>): string {
  const rows = Object.entries(properties).map(([name, schema]) => {
    const secret = schema.secret ? ' *secret*' : '';
    const fallback = schema.default === undefined ? '' : `\`${JSON.stringify(schema.default)}\``;
    return `| \`${name}\` | ${typeOf(schema)} | ${fallback} | ${(schema.description ?? '').replaceAll('|', '\\|')}${secret} |`;
  });
  return ['| option | type | default | |', '|---|---|---|---|', ...rows, ''].join('\n');
}

function typeOf(schema: OptionSchema): string {
  if (schema.hook) return 'function';
  if (schema.enum) return schema.enum.map((one) => `\`${JSON.stringify(one)}\``).join(', ');
  if (schema.const !== undefined) return `\`${JSON.stringify(schema.const)}\``;
  if (schema.anyOf) return schema.anyOf.map(typeOf).join(' or ');
  if (schema.type === 'array') return `list of ${schema.items ? typeOf(schema.items) : 'anything'}`;
  if (schema.type === 'string') return schema.format === 'uri' ? 'address' : 'text';
  return schema.type ?? 'anything';
}
