/** What is used of the program; a test over the real one tells when a new version has it otherwise. */
declare module 'configurable-http-proxy' {
  import type { Agent, Server } from 'node:https';

  export class ConfigurableProxy {
    readonly options: { clientSsl?: object; apiSsl?: object };
    readonly apiServer: Server;
    readonly _routes: { cleanPath(path: string): string };
    addRoute(path: string, data: { target: string; tls_name?: unknown }): Promise<unknown>;
    removeRoute(path: string): Promise<unknown>;
    proxyOptsForTarget(target: URL): { secure: boolean; agent?: Agent; target: URL & { agent?: Agent } };
  }
}
