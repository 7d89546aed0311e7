import type { Filter } from '../access/index.ts';
import { type JsonObject, token } from '../plugin/index.ts';

/** A service as stored, with everything a model of one is made of (section 2.3). */
export interface ServiceDetails {
  readonly id: number;
  readonly name: string;
  readonly admin: boolean;
  readonly url: string | null;
  readonly info: JsonObject;
  readonly display: boolean;
  readonly timeout: number;
  /** Those of the configuration cannot be changed while the hub runs (R111). */
  readonly fromConfig: boolean;
  readonly noConfirm: boolean;
  /** Names of roles, sorted. */
  readonly roles: readonly string[];
}

/** A service to be stored. */
export type NewService = Pick<
  ServiceDetails,
  'name' | 'admin' | 'url' | 'info' | 'display' | 'timeout' | 'noConfirm'
>;

/** Services that a hub knows. */
export interface ServiceStore {
  byName(name: string): Promise<ServiceDetails | null>;
  /** Those the filter reaches, by name. */
  list(access: Filter): Promise<readonly ServiceDetails[]>;
  /** Adds one that is not of the configuration, with role `admin` where so. `null`: the name is taken. */
  add(service: NewService): Promise<number | null>;
  /** Removes one that is not of the configuration, with roles, tokens and OAuth client. */
  remove(id: number): Promise<boolean>;
}
export const ServiceStore = token<ServiceStore>('ServiceStore');
