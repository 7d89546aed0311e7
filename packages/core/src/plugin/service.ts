import type { Logger } from './common.ts';
import type { JsonObject, JsonValue } from './json.ts';
import type { PluginRouter } from './request.ts';
import type { Exit, StopHow } from './spawner.ts';
import { token } from './token.ts';

/** Who a service is and what it may do (P5xx, section 5.1). */
export interface ServiceRecord {
  readonly name: string;
  readonly url?: string | undefined;
  readonly apiToken?: string | undefined;
  readonly roles?: readonly string[] | undefined;
  readonly admin?: boolean | undefined;
  readonly oauth?:
    | {
        readonly clientId?: string | undefined;
        readonly redirectUri?: string | undefined;
        readonly allowedScopes?: readonly string[] | undefined;
        readonly noConfirm?: boolean | undefined;
      }
    | undefined;
  readonly info?: JsonObject | undefined;
  /** Listed in the user interface; true unless given. */
  readonly display?: boolean | undefined;
  /** Seconds to wait for its HTTP, 30 unless given. */
  readonly timeout?: number | undefined;
}

/** A service as its own code sees it. */
export interface ServiceView {
  readonly name: string;
  readonly prefix: string;
  readonly url: string | null;
}

/** Acts with a service's own scopes, in-process, without a socket. */
export interface HubClient {
  /** Sends a REST request as the service: `hub.request('GET', '/users')`. */
  request(
    method: string,
    path: string,
    body?: JsonValue,
  ): Promise<{ readonly status: number; readonly body: JsonValue }>;
}

/** One run of a managed or in-process service. */
export interface ServiceRun<State = JsonValue> {
  readonly key: string;
  readonly service: ServiceView;
  readonly env: Readonly<Record<string, string>>;
  readonly hub: HubClient;
  readonly state: State | null;
  saveState(state: State): Promise<void>;
  readonly signal: AbortSignal;
  readonly log: Logger;
}

/**
 * Another process, program or piece of code that uses the hub under an account of its own. External: `record`
 * alone. Managed: `start`, `poll`, `stop`. In-process: `start`/`stop` or `routes`, no `poll`.
 */
export interface Service<State extends JsonValue = JsonValue> {
  readonly record: ServiceRecord;
  start?(run: ServiceRun<State>): Promise<void>;
  poll?(run: ServiceRun<State>): Promise<Exit | null>;
  stop?(run: ServiceRun<State>, how: StopHow): Promise<void>;
  routes?(router: PluginRouter): void;
}
export const Service = token<Service>('Service');
