import { describe, expect, it } from 'vitest';
import { chpProxy } from '../../../proxy-chp/src/index.ts';
import { createTestHub, type TestHubOptions, until } from '../../../testing/src/index.ts';
import { freePort } from '../python-clients/python.ts';
import { Browser } from '../support/browser.ts';

/** A hub behind the real proxy, and who tries a password there. */
async function openBehindProxy(options: TestHubOptions = {}) {
  const [publicPort, proxyPort] = [await freePort(), await freePort()];
  const origin = `http://127.0.0.1:${publicPort}`;
  const hub = await createTestHub({
    bindUrl: origin,
    plugins: [chpProxy({ apiUrl: `http://127.0.0.1:${proxyPort}`, authToken: 'of-the-test' })],
    signIn: { refusalSeconds: 0, throttle: { addressTries: 3, firstWait: 600, longestWait: 600 } },
    ...options,
  });
  await until(() =>
    fetch(`${origin}/hub/login`).then(
      ({ status }) => status === 200,
      () => false,
    ),
  );
  const enter = async (username: string, headers: Readonly<Record<string, string>>) => {
    const browser = new Browser(origin);
    await browser.get('/hub/login', headers); // the form is good for one address only
    const form = { _xsrf: browser.cookie('_xsrf') ?? '', username, password: 'guess' };
    return (await browser.post('/hub/login', form, headers)).status;
  };
  const addresses = () =>
    hub.log
      .filter(({ fields }) => fields.action === 'login.refuse' || fields.action === 'login.throttle')
      .map(({ fields }) => fields.ip);
  return { enter, addresses, [Symbol.asyncDispose]: () => hub[Symbol.asyncDispose]() };
}

const forgeries: readonly Readonly<Record<string, string>>[] = [
  { 'x-real-ip': '203.0.113.1' },
  { 'x-forwarded-for': '203.0.113.2' },
  { 'x-forwarded-for': '203.0.113.3, 203.0.113.4', 'x-real-ip': '203.0.113.3' },
  { forwarded: 'for=203.0.113.5;proto=https' },
  { connection: 'x-forwarded-for', 'x-forwarded-for': '203.0.113.6' },
  { 'true-client-ip': '203.0.113.7', 'x-client-ip': '203.0.113.7', 'cf-connecting-ip': '203.0.113.7' },
];

describe('W53: behind the real proxy', () => {
  it('a client cannot choose the address its failures are counted for', async () => {
    await using hub = await openBehindProxy();
    const statuses: number[] = [];
    for (const [n, headers] of forgeries.entries()) statuses.push(await hub.enter(`user${n}`, headers));
    expect(statuses).toEqual([403, 403, 403, 429, 429, 429]);
    expect(new Set(hub.addresses())).toEqual(new Set(['127.0.0.1']));
  });

  it('one more proxy in front, which appends the client, is believed where it is trusted', async () => {
    await using hub = await openBehindProxy({ http: { trustedProxies: ['127.0.0.1'] } });
    expect(await hub.enter('ada', { 'x-forwarded-for': '203.0.113.1, 198.51.100.7' })).toBe(403);
    expect(hub.addresses()).toEqual(['198.51.100.7']);
  });

  it('X-Real-Ip is believed where the settings say that something in front sets it', async () => {
    await using hub = await openBehindProxy({ http: { trustRealIp: true } });
    expect(await hub.enter('ada', { 'x-real-ip': '198.51.100.8' })).toBe(403);
    expect(hub.addresses()).toEqual(['198.51.100.8']);
  });
});
