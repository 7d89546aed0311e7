import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Accounts, openAccounts } from '../../../test/support/accounts.ts';
import type { IdentityStore } from '../../accounts/identity-ports.ts';
import { postgresIdentities } from './postgres-identities.ts';

let hub: Accounts;
let store: IdentityStore;
const ada = { authenticator: 'github', subject: '17' };

beforeAll(async () => {
  hub = await openAccounts();
  store = postgresIdentities(hub.db);
});
afterAll(async () => {
  await hub[Symbol.asyncDispose]();
});

async function signedIn(name: string): Promise<number> {
  const { id } = await hub.user(name);
  await hub.sql`DELETE FROM identities WHERE subject = '17'`;
  await hub.store.bind(id, ada.authenticator, ada.subject);
  await store.signedIn(id, ada, 'sealed');
  return id;
}

it('one hub gets the refresh, until it is done or the hub seems dead', async () => {
  const id = await signedIn('ada');
  const seen = await store.age(id, ada);
  if (!seen) throw new Error('no identity');
  const claims = await Promise.all(Array.from({ length: 8 }, () => store.claimRefresh(id, ada, 15, seen)));
  expect(claims.filter((claim) => claim !== null)).toHaveLength(1);
  expect(await store.claimRefresh(id, ada, 15)).toBeNull();
  await hub.passTime(16); // the hub died
  expect(await store.claimRefresh(id, ada, 15, seen)).not.toBeNull();
});

it('a refresh that came to nothing leaves the age as it was, and the next one to anybody', async () => {
  const id = await signedIn('bob');
  const before = await store.age(id, ada);
  const claim = await store.claimRefresh(id, ada, 15);
  if (!claim) throw new Error('no claim');
  await store.abandonRefresh(claim);
  expect((await store.age(id, ada))?.refreshedAt).toBe(before?.refreshedAt);
  expect(await store.claimRefresh(id, ada, 15)).not.toBeNull();
});

it('what became of a claim counts for nothing once somebody signed in or claimed it again', async () => {
  const id = await signedIn('kim');
  const claim = await store.claimRefresh(id, ada, 15);
  if (!claim) throw new Error('no claim');
  await store.signedIn(id, ada, 'newer');
  const after = await store.age(id, ada);
  expect(await store.refreshed(claim, 'older')).toBe(false);
  await store.abandonRefresh(claim);
  expect((await store.age(id, ada))?.refreshedAt).toBe(after?.refreshedAt);
  expect((await store.stateOf(id, ada))?.sealed).toBe('newer');
});

it('a refreshed identity keeps its state where there is no other', async () => {
  const id = await signedIn('joe');
  const first = await store.claimRefresh(id, ada, 15);
  if (!first) throw new Error('no claim');
  expect(await store.refreshed(first)).toBe(true);
  expect((await store.stateOf(id, ada))?.sealed).toBe('sealed');
  const second = await store.claimRefresh(id, ada, 15);
  if (!second) throw new Error('no claim');
  expect(await store.refreshed(second, null)).toBe(true);
  expect((await store.stateOf(id, ada))?.sealed).toBeNull();
});

it("another user's identity is nobody's business", async () => {
  await signedIn('ann');
  const { id } = await hub.user('eve');
  expect(await store.stateOf(id, ada)).toBeNull();
  expect(await store.age(id, ada)).toBeNull();
  expect(await store.claimRefresh(id, ada, 15)).toBeNull();
});
