import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Accounts, openAccounts, tester } from '../../test/support/accounts.ts';
import { randomIds } from '../kernel/index.ts';
import { postgresShareCodes, postgresShares } from '../storage/sharing/index.ts';
import type { SharedServer } from './ports.ts';
import { ShareCodes } from './share-codes.ts';

let hub: Accounts;
let codes: ShareCodes;
let server: SharedServer;
beforeAll(async () => {
  hub = await openAccounts();
  const shares = postgresShares(hub.db);
  codes = new ShareCodes({ store: postgresShareCodes(hub.db), shares, work: hub.work, ids: randomIds });
  const { id: ownerId } = await hub.user('ada');
  const [row] =
    await hub.sql`INSERT INTO servers (user_id, name, spawner) VALUES (${ownerId}, 'lab', 'x') RETURNING id`;
  server = { id: Number(row?.id), ownerId, owner: 'ada', name: 'lab', ready: false };
});
afterAll(() => hub[Symbol.asyncDispose]());

const make = (seconds = 3600) => codes.create(tester, server, ['access:servers!server=ada/lab'], seconds);

describe('accepting a share code (R122)', () => {
  it('lets any number of people in and counts each use', async () => {
    const { code, record } = await make();
    const grace = await hub.user('grace');
    const linus = await hub.user('linus');
    for (const user of [grace, linus, linus]) {
      expect(await codes.accept(tester, user, code)).toMatchObject({
        outcome: 'accepted',
        share: { recipient: { kind: 'user', name: user.name }, scopes: ['access:servers'] },
      });
    }
    expect(await codes.find(code)).toMatchObject({ id: record.id, exchangeCount: 3 });
    expect((await hub.grants.ofUser(String(linus.id)))?.shares).toEqual([
      { server: { owner: 'ada', name: 'lab' }, scopes: ['access:servers'] },
    ]);
  });

  it('changes what is held at the next look, on every hub', async () => {
    const { code } = await make();
    const ken = await hub.user('ken');
    const { token } = await hub.tokens.create(tester, ken, {});
    const held = async () => (await hub.credentials.check(token))?.scopes.toStrings();
    expect(await held()).not.toContain('access:servers!server=ada/lab');
    await codes.accept(tester, ken, code);
    expect(await held()).toContain('access:servers!server=ada/lab');
  });

  it('is not for the owner, and ends with the code', async () => {
    const { code } = await make(60);
    const ada = { id: server.ownerId, name: 'ada' };
    expect(await codes.accept(tester, ada, code)).toEqual({ outcome: 'own' });
    const dennis = await hub.user('dennis');
    expect(await codes.accept(tester, dennis, `${code}x`)).toEqual({ outcome: 'unknown' });
    await hub.passTime(61);
    expect(await codes.find(code)).toBeNull();
    expect(await codes.accept(tester, dennis, code)).toEqual({ outcome: 'unknown' });
    expect((await hub.grants.ofUser(String(dennis.id)))?.shares).toEqual([]);
  });

  it('keeps no code that could be read', async () => {
    const { code } = await make();
    const rows = await hub.sql`SELECT to_jsonb(share_codes) AS row FROM share_codes`;
    const trail = await hub.sql`SELECT to_jsonb(audit) AS row FROM audit`;
    expect(JSON.stringify([rows, trail])).not.toContain(code);
  });
});
