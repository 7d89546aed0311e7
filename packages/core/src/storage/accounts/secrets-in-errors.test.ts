import { inspect } from 'node:util';
import { sql } from 'drizzle-orm';
import { expect, it } from 'vitest';
import { openAccounts } from '../../../test/support/accounts.ts';
import { mintToken } from '../../accounts/mint-token.ts';
import { hashSecret, randomIds } from '../../kernel/index.ts';
import type { Logger } from '../../plugin/index.ts';

const secret = 'marked-secret-4711';

it('keeps every parameter of a failing statement out of the error and the log', async () => {
  const lines: unknown[] = [];
  const write = (fields: object, message: string) => void lines.push({ ...fields, message });
  const log: Logger = {
    trace: write,
    debug: write,
    info: write,
    warn: write,
    error: write,
    child: () => log,
  };
  await using hub = await openAccounts({ log });
  const ada = await hub.user('ada');
  const mint = () =>
    mintToken(
      { store: hub.tokenStore, ids: randomIds },
      {
        ownerKind: 'user',
        ownerId: ada.id,
        clientId: 'jupyterhub',
        sessionId: secret,
        note: secret,
        scopes: [],
        expiresIn: null,
        secret,
      },
    );
  await mint();

  const failures = [
    mint(),
    hub.work.run({ actor: { kind: 'user', name: secret }, action: 'x', target: secret }, mint),
    hub.db.run((q) => q.execute(sql`SELECT ${secret}::int`)),
    hub.clients.put({
      identifier: `\0${secret}`,
      description: secret,
      secret,
      redirectUri: '',
      allowedScopes: [],
    }),
    hub.store.byName(`${secret}\0`),
    hub.lastSeen.commit([{ kind: 'user', id: ada.id, at: secret }]),
  ];
  const errors = (await Promise.allSettled(failures)).map((result) =>
    result.status === 'rejected' ? result.reason : null,
  );
  log.error({ errors: errors.map((error) => inspect(error, { depth: 10, showHidden: true })) }, 'all failed');

  expect(errors.map((error) => error?.code)).toEqual([
    'HUB_CONFLICT',
    'HUB_CONFLICT',
    'HUB_DATABASE',
    'HUB_DATABASE',
    'HUB_DATABASE',
    'HUB_DATABASE',
  ]);
  const seen = inspect(lines, { depth: 10 });
  expect(seen).not.toContain(secret);
  expect(seen).not.toContain(hashSecret(secret));
});
