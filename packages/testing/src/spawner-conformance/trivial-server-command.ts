import { fileURLToPath } from 'node:url';

const file = new URL(
  import.meta.url.endsWith('.ts') ? './trivial-server.ts' : './trivial-server.js',
  import.meta.url,
);

/**
 * Launches a server that listens at `JUPYTERHUB_SERVICE_URL` and answers everything with status 200 and its own
 * environment, arguments and folder as JSON. It ends on SIGINT and SIGTERM, and with status N on `?exit=N`.
 * Arguments: `--stubborn` ignores both signals, `--deaf` never listens, `--slow=N` listens after N milliseconds,
 * `--exit=N` ends at once, `--chatty` says two million letters first. It needs `TEST_WITNESS`, which the launches of
 * the conformance suite bring.
 */
export const trivialServer: readonly string[] = [process.execPath, fileURLToPath(file)];
