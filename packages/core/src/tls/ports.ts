import { token } from '../plugin/index.ts';
import type { Generation } from './generation.ts';

/** Where the authorities of all hubs on one database are kept. */
export interface AuthorityStore {
  /** Oldest first. */
  load(): Promise<readonly Generation[]>;
  add(generation: Generation): Promise<void>;
  remove(number: number): Promise<void>;
  /** Runs `work` while nobody else does so on this database. */
  exclusively<T>(work: () => Promise<T>): Promise<T>;
}
export const AuthorityStore = token<AuthorityStore>('AuthorityStore');
