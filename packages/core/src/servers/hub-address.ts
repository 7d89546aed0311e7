import { token } from '../plugin/index.ts';

/** What servers must know of the hub. */
export interface HubAddress {
  /** `/` or `/pre/`. */
  readonly baseUrl: string;
  /** `baseUrl` + `hub/`. */
  readonly hubPrefix: string;
  /** Origin under which servers reach the hub. */
  readonly connectUrl: string;
  /** Public address with `baseUrl`, or `''`. */
  readonly publicUrl: string;
  readonly cookieOptions: Readonly<Record<string, string | number | boolean | null>>;
  readonly cookieHostPrefix: boolean;
}
export const HubAddress = token<HubAddress>('HubAddress');
