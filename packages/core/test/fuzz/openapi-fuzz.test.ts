import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestHub, type TestHub } from '../../../testing/src/index.ts';

const schemathesis = join(import.meta.dirname, '../../../../.venv-fuzz/bin/schemathesis');
const reason = existsSync(schemathesis) ? null : 'no schemathesis in .venv-fuzz: `npm test` installs it';

/** Left out: what stops the hub under test, what points it to another machine, and streams, which are no JSON. */
const excluded = '(/shutdown|/progress)$';

/** Names that exist, might, or cannot. The administrator who asks is not among them: they must stay one. */
const names: Readonly<Record<string, readonly string[]>> = {
  name: ['ben', 'cy', 'nobody', 'Ünïcode user', '..', 'a'.repeat(300)],
  owner: ['ben', 'cy', 'nobody'],
  server: ['', 'n1', 'n2', 'Not A Slug'],
  group: ['g1', 'g2', 'no group', '%2F'],
};

describe.skipIf(reason !== null && !process.env.CI)(
  `the REST API under random requests${reason === null ? '' : ` (${reason})`}`,
  () => {
    let hub: TestHub;
    let token: string;
    let folder: string;

    beforeAll(async () => {
      if (reason !== null) throw new Error(reason);
      hub = await createTestHub({ servers: { named: true } });
      token = await hub.tokenOf('ada', { admin: true });
      await hub.signIn('ben');
      folder = await mkdtemp(join(tmpdir(), 'hub-fuzz-'));
    });

    afterAll(async () => {
      await hub?.[Symbol.asyncDispose]();
      if (folder) await rm(folder, { recursive: true });
    });

    it('answers as its description says, and never with a failure of its own', {
      timeout: 180_000,
    }, async () => {
      const description = join(folder, 'openapi.json');
      const { text } = await hub.request('GET', '/hub/api/openapi.json');
      await writeFile(description, JSON.stringify(withNames(JSON.parse(text))));

      const { failed, output } = await fuzz(description);
      const errors = hub.log.filter(({ level }) => level === 'error');
      expect({ failed, errors }, output).toEqual({ failed: false, errors: [] });
      expect((await hub.request('GET', '/hub/api/user', { token })).status).toBe(200);
    });

    async function fuzz(description: string): Promise<{ readonly failed: boolean; readonly output: string }> {
      const checks = [
        'not_a_server_error',
        'status_code_conformance',
        'content_type_conformance',
        'response_schema_conformance',
      ];
      const args = [
        ...['run', description, '--url', hub.url, '--header', `Authorization: token ${token}`],
        ...['--phases', 'fuzzing', '--max-examples', '25', '--max-time', '45', '--seed', '1'],
        ...['--checks', checks.join(','), '--generation-with-security-parameters', 'false'],
        // One worker: Python 3.11 loses count of its own recursion when two threads parse at once (SystemError).
        ...[
          '--generation-database',
          'none',
          '--workers',
          '1',
          '--no-shrink',
          '--no-color',
          '--warnings',
          'off',
        ],
        ...['--exclude-path-regex', excluded],
      ];
      const result = await promisify(execFile)(schemathesis, args, {
        cwd: folder,
        maxBuffer: 64 * 1024 * 1024,
      }).then(
        ({ stdout }) => ({ failed: false, output: stdout }),
        ({ stdout, stderr }) => ({ failed: true, output: `${stdout}\n${stderr}` }),
      );
      return result;
    }
  },
);

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly schema: object;
}

/** The description with names worth trying: of random ones hardly any exists. */
function withNames(document: {
  readonly paths: Readonly<
    Record<string, Readonly<Record<string, { readonly parameters: readonly Parameter[] }>>>
  >;
}): object {
  const known = (parameter: Parameter) => {
    const some = parameter.in === 'path' ? names[parameter.name] : undefined;
    return some ? { ...parameter, schema: { ...parameter.schema, enum: some } } : parameter;
  };
  const paths = Object.entries(document.paths).map(([path, operations]) => [
    path,
    Object.fromEntries(
      Object.entries(operations).map(([method, operation]) => [
        method,
        { ...operation, parameters: operation.parameters.map(known) },
      ]),
    ),
  ]);
  return { ...document, paths: Object.fromEntries(paths) };
}
