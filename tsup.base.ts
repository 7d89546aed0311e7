import { defineConfig, type Options } from 'tsup';

/** How every package is built: ESM only, one declaration file per entry, other packages left outside. */
export function packageBuild(
  entry: Record<string, string>,
  more: Options = {},
): ReturnType<typeof defineConfig> {
  return defineConfig({
    entry,
    format: 'esm',
    target: 'node22',
    platform: 'node',
    dts: process.env.HUB_BUILD !== 'run',
    clean: true,
    sourcemap: true,
    splitting: true,
    skipNodeModulesBundle: true,
    ...more,
  });
}
