import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: { conditions: ['@hub/source', 'node', 'import', 'module', 'default'] },
  ssr: { resolve: { conditions: ['@hub/source', 'node', 'import', 'module', 'default'] } },
  test: {
    include: [
      'packages/*/src/**/*.test.ts',
      'packages/*/test/**/*.test.ts',
      'examples/*/*.test.ts',
      'scripts/**/*.test.mjs',
    ],
    setupFiles: ['packages/core/test/support/check-answers.ts'],
    globalSetup: ['packages/core/test/support/global-setup.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    execArgv: ['--conditions=@hub/source'],
    // PostgreSQL stops itself when the last hub leaves; slow machines need a moment for it.
    teardownTimeout: 30_000,
  },
});
