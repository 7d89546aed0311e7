import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';

const archives = process.env.HUB_TEST_ARCHIVES;

it.skipIf(!archives)(
  'as it is published, finds and starts its own child program (needs the archives that npm test packs)',
  () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'hub-posix-'));
    try {
      const target = path.join(folder, 'node_modules/@hub/posix');
      mkdirSync(target, { recursive: true });
      const [archive = ''] = readdirSync(archives ?? '').filter((name) => /^hub-posix-\d/.test(name));
      const from = path.join(archives ?? '', archive);
      execFileSync('tar', ['-xzf', from, '-C', target, '--strip-components=1']);
      symlinkSync(
        path.resolve(import.meta.dirname, '../node_modules/koffi'),
        path.join(folder, 'node_modules/koffi'),
      );
      const main = path.join(folder, 'main.mjs');
      writeFileSync(
        main,
        `import { createAccounts } from '@hub/posix';
        const accounts = createAccounts();
        console.log((await accounts.accountWithId(0)).name, import.meta.resolve('@hub/posix').split('/').at(-1));`,
      );
      expect(execFileSync(process.execPath, [main], { encoding: 'utf8' })).toBe('root index.js\n');
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);
