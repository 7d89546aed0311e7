import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { hookProblems } from '../../src/hub/hooks.ts';
import { serversSettings } from '../../src/hub/settings/servers.ts';
import { spawnerOptions } from '../../src/index.ts';

const page = await readFile(
  new URL('../../../../docs/reference/spawner-options.md', import.meta.url),
  'utf8',
);
const rows = page.split('\n').filter((line) => line.startsWith('|'));

it('the reference of spawners names every common option, and whether it may be a function', () => {
  for (const [name, schema] of Object.entries(spawnerOptions)) {
    const row = rows.find((line) => line.includes(`\`${name}\``));
    expect(row, name).toBeDefined();
    expect(row?.split('|')[3]?.trim() === 'ƒ', name).toBe('perLaunch' in schema);
  }
});

it('the reference of spawners names every hook around servers', () => {
  const [problem = ''] = hookProblems({ unknown: true } as never, []);
  const names = problem
    .replace(/^.*those there are: /, '')
    .replace(/\.$/, '')
    .split(', ');
  expect(names).toContain('beforeSpawn');
  for (const name of names.filter((one) => !['postAuth', 'reconcileAuthState'].includes(one))) {
    expect(page, name).toContain(`\`hooks.${name}\``);
  }
});

it('options and times have the defaults of the contract (P2xx section 2.1, P227, W32, W93)', () => {
  const defaults = (schemas: Readonly<Record<string, { readonly default?: unknown }>>) =>
    Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, schema.default]));
  expect(defaults(spawnerOptions)).toEqual({
    command: ['jupyterhub-singleuser'],
    args: [],
    ip: '127.0.0.1',
    port: 0,
    environment: {},
    envKeep: [
      'CONDA_DEFAULT_ENV',
      'CONDA_ROOT',
      'JUPYTERHUB_SINGLEUSER_APP',
      'LANG',
      'LC_ALL',
      'LD_LIBRARY_PATH',
      'PATH',
      'PYTHONPATH',
      'VIRTUAL_ENV',
    ],
    notebookDir: '',
    defaultUrl: '',
    disableUserConfig: false,
    debug: false,
    memLimit: null,
    memGuarantee: null,
    cpuLimit: null,
    cpuGuarantee: null,
    hubConnectUrl: '',
    startTimeout: 60,
    httpTimeout: 30,
    pollInterval: 30,
    pollJitter: 0.1,
    pollTimeout: 10,
    stopTimeout: 70,
    oauthClientAllowedScopes: [],
    serverTokenScopes: [],
    optionsForm: null,
    optionsFromForm: 'passthrough',
  });
  expect(defaults(serversSettings.properties)).toMatchObject({
    named: false,
    limit: 0,
    invalidNames: 'allow-start',
    consecutiveFailureLimit: 0,
    concurrentStarts: 100,
    activeLimit: 0,
    slowStart: 10,
    slowStop: 10,
    retryAfter: [30, 60],
    implicitStartSeconds: 0,
    redirectLimit: 4,
  });
});
