import { X509Certificate } from 'node:crypto';
import { expect, it } from 'vitest';
import { joseSealer } from '../hub/sealer.ts';
import type { Clock, Logger } from '../plugin/index.ts';
import { Authorities } from './authorities.ts';
import type { Generation } from './generation.ts';
import { HubTls } from './hub-tls.ts';
import type { AuthorityStore } from './ports.ts';

const dayMs = 86_400_000;
const silent: Logger = {
  trace() {},
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => silent,
};

/** A hub's TLS, on a clock that is moved by hand. */
async function open() {
  const rows: Generation[] = [];
  let now = new Date();
  let tick = async () => {};
  const clock: Clock = {
    now: () => now,
    monotonic: () => now.getTime(),
    sleep: async () => {},
    every(_ms, run) {
      tick = async () => run();
      return () => {};
    },
  };
  const store: AuthorityStore = {
    load: async () => rows,
    async add(generation) {
      rows.push(generation);
    },
    remove: async () => {},
    exclusively: (work) => work(),
  };
  const parts = { store, sealer: joseSealer([new Uint8Array(32)]), now: () => now };
  const names = () => ['localhost'];
  const authorities = new Authorities(parts);
  const tls = new HubTls({ authorities, names, serverNames: names, clock, log: silent });
  await tls.open();
  let renewals = 0;
  tls.onRenewal(() => {
    renewals += 1;
  });
  return {
    tls,
    /** What another hub on the database sees. */
    another: new Authorities(parts),
    get renewals() {
      return renewals;
    },
    async pass(days: number) {
      now = new Date(now.getTime() + days * dayMs);
      await tick();
    },
  };
}

it('a hub makes its own certificate anew while it runs, in good time', async () => {
  const hub = await open();
  const first = hub.tls.listener().certificate;
  await hub.pass(29);
  expect([hub.renewals, hub.tls.listener().certificate]).toEqual([0, first]);
  await hub.pass(2);
  expect(hub.renewals).toBe(1);
  const { validTo } = new X509Certificate(hub.tls.listener().certificate);
  expect(new Date(validTo) > new Date(new X509Certificate(first).validTo)).toBe(true);
});

it('a hub believes authorities that another one has made, and hands them on', async () => {
  const hub = await open();
  await hub.another.open();
  await hub.another.renew();
  const both = hub.another.roots('hub');
  expect(hub.tls.toProxy().authorities).not.toBe(both);
  await hub.pass(0.01);
  expect(hub.renewals).toBe(1);
  expect(hub.tls.toProxy().authorities).toBe(both);
  expect((await hub.tls.forServer('1-1')).authorities).toBe(both);
  expect((await hub.tls.forProxy()).apiAuthorities).toBe(both);
});

it('a hub shows a server the name of its launch, and demands it', async () => {
  const hub = await open();
  const { certificate } = await hub.tls.forServer('12-3');
  const { name } = hub.tls.toServer('12-3');
  expect(new X509Certificate(certificate).checkHost(name)).toBe(name);
  expect(new X509Certificate(certificate).checkHost(hub.tls.toServer('12-4').name)).toBeUndefined();
  expect(new X509Certificate(certificate).checkHost(hub.tls.hubName)).toBeUndefined();
});
