import { randomBytes, randomInt, randomUUID } from 'node:crypto';
import { token } from '../plugin/index.ts';

/** Randomness, in the shapes the contract gives to secrets (R170). Tests may replace it. */
export interface Ids {
  /** A UUID for rows and runs. */
  uuid(): string;
  /** 32 lower-case hex digits: API tokens, session ids. */
  hex32(): string;
  /** 30 letters and digits: OAuth codes and access tokens. */
  alphanumeric30(): string;
  /** 43 url-safe characters of 256 random bits: share codes, login ids. */
  base64url43(): string;
  /** An integer in [min, max]. */
  integer(min: number, max: number): number;
}
export const Ids = token<Ids>('Ids');

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** Ids from the operating system's random source. */
export const randomIds: Ids = {
  uuid: () => randomUUID(),
  hex32: () => randomBytes(16).toString('hex'),
  alphanumeric30: () => Array.from({ length: 30 }, () => letters[randomInt(letters.length)]).join(''),
  base64url43: () => randomBytes(32).toString('base64url'),
  integer: (min, max) => randomInt(min, max + 1),
};
