import { randomUUID } from 'node:crypto';
import { tableCases } from './table-cases.ts';
import { trafficCases } from './traffic-cases.ts';
import type { ProxyCase, ProxySupport, ProxyUnderTest, TestFunction, TestTarget } from './under-test.ts';
import { startTarget } from './wire.ts';

const everything: Required<ProxySupport> = {
  foreignRoutes: true,
  status503: true,
  status404: true,
  activity: true,
};
const cases: readonly ProxyCase[] = [...trafficCases, ...tableCases];

/**
 * Checks that a proxy keeps its promises (contract P4xx). `factory` is called for each case and may give the same
 * proxy again and again; it must route nothing but what the suite adds.
 *
 * @example
 * describe('my proxy', () => proxyConformance(it, () => startMyProxy(), { supports: { activity: false } }));
 */
export function proxyConformance(
  it: TestFunction,
  factory: () => Promise<ProxyUnderTest>,
  { supports = {} }: { readonly supports?: ProxySupport } = {},
): void {
  const able = { ...everything, ...supports };
  for (const one of cases) {
    const run = () => runCase(one, factory, able);
    if (!one.needs || able[one.needs]) it(one.name, run);
    else it.skip?.(`${one.name} [not supported: ${one.needs}]`, run);
  }
}

async function runCase(
  { run }: ProxyCase,
  factory: () => Promise<ProxyUnderTest>,
  supports: Required<ProxySupport>,
): Promise<void> {
  const { proxy, publicUrl, addForeignRoute, close } = await factory();
  const targets: TestTarget[] = [];
  const added = new Set<string>();
  try {
    await run({
      proxy,
      publicUrl,
      supports,
      base: `/conformance-${randomUUID()}/`,
      async addForeignRoute(path, target) {
        if (!addForeignRoute) throw new Error('supports.foreignRoutes needs addForeignRoute');
        await addForeignRoute(path, target);
      },
      async target(name = 'target') {
        const started = await startTarget(name);
        targets.push(started);
        return started;
      },
      async add(spec, target) {
        added.add(spec);
        await proxy.addRoute({ spec, target, data: { spec } });
      },
    });
  } finally {
    for (const spec of added) await proxy.deleteRoute(spec).catch(() => undefined); // the case says what is wrong
    await Promise.all(targets.map((target) => target.stop()));
    await close();
  }
}
