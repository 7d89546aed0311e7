import { hashSecret, type Ids } from '../kernel/index.ts';
import type { NewToken, TokenStore } from './ports.ts';

/** A token as it is given to its owner, once. */
export interface MintedToken {
  readonly id: number;
  /** The secret; only its hash is stored. */
  readonly token: string;
}

/** What a token is made from; `secret` where its shape is not the usual 32 hex digits (R170). */
export type TokenWish = Omit<NewToken, 'hash' | 'prefix'> & { readonly secret?: string | undefined };

/** Stores a new token. Joins a surrounding transaction; checks nothing: see `Tokens.create` for tokens people ask for. */
export async function mintToken(
  deps: { store: TokenStore; ids: Ids },
  wish: TokenWish,
): Promise<MintedToken> {
  const { secret, ...facts } = wish;
  const token = secret ?? deps.ids.hex32();
  const id = await deps.store.add({ ...facts, hash: hashSecret(token), prefix: token.slice(0, 4) });
  return { id, token };
}
