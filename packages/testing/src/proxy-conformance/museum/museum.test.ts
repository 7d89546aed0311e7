import { describe, expect, it } from 'vitest';
import { proxyConformance } from '../proxy-conformance.ts';
import { type Flaw, startTableProxy } from './table-proxy.ts';

describe('a proxy without a flaw passes', () => {
  proxyConformance(it, () => startTableProxy(null));
});

/** Beginnings of the names of the cases that must fail; others may fail too. */
const museum: Record<Flaw, readonly string[]> = {
  'matches-letters': ['matches whole segments'],
  'first-prefix-wins': ['takes the longest matching prefix', 'the route / takes'],
  'decodes-paths': ['forwards path and query unchanged'],
  'strips-prefixes': ['forwards path and query unchanged'],
  'forgets-data': ['gives back spec, target and data', 'takes many routes', 'tells the last activity'],
  'shows-foreign-routes': ['does not show routes that no hub made'],
  'fails-on-missing': ['deleting a route that is not there'],
  'keeps-old-targets': ['adding over a route replaces its target'],
  'keeps-deleted-routes': [
    'routes below a spec as soon as',
    'a deleted route falls back',
    'deleting a route',
  ],
  'resolves-too-early': ['routes below a spec as soon as', 'adding over a route'],
  'drops-sockets': ['a live websocket survives'],
  'no-websockets': ['passes websockets', 'a live websocket survives'],
  'loses-bodies': ['forwards method and body'],
  'hides-dead-targets': ['a target that is down'],
  'ignores-signals': ['an aborted call rejects'],
  'confuses-names': ['keeps odd names apart'],
};

describe('a proxy with a flaw is found out', () => {
  it.each(Object.entries(museum))('%s', async (flaw, expected) => {
    const failed = await failures(flaw as Flaw);
    for (const name of expected) expect(failed).toContainEqual(expect.stringMatching(`^${name}`));
    expect(failed.length).toBeLessThan(18); // by what it does wrong, not by not working at all
  });
});

it('shows what is not supported as skipped', () => {
  const skipped: string[] = [];
  const run = Object.assign(() => {}, { skip: (name: string) => void skipped.push(name) });
  proxyConformance(run, () => startTableProxy(null), { supports: { activity: false, foreignRoutes: false } });
  expect(skipped).toEqual([
    expect.stringContaining('[not supported: foreignRoutes]'),
    expect.stringContaining('[not supported: activity]'),
  ]);
});

async function failures(flaw: Flaw): Promise<string[]> {
  const cases: [string, () => Promise<void>][] = [];
  proxyConformance(
    (name, run) => cases.push([name, run]),
    () => startTableProxy(flaw),
  );
  const failed: string[] = [];
  for (const [name, run] of cases) {
    await run().catch(() => failed.push(name));
  }
  return failed;
}
