import { DeadlineError } from '../kernel/index.ts';
import { isHubError, type ProxyRoute } from '../plugin/index.ts';
import { fulfils, planRoutes, type RoutePlan } from './plan-routes.ts';
import type { ProxyDriver } from './proxy-driver.ts';
import { routeKey } from './route-key.ts';
import type { RouteSource, RouteState, RouteToHave, WantedRoute } from './route-source.ts';

/** Something that could not be done; `subject` names it the same way each time. */
export interface RouteFailure {
  readonly subject: string;
  readonly error: unknown;
}

/** What one pass did to one proxy or to all: specs. */
export interface RouteChanges {
  readonly added: string[];
  readonly replaced: string[];
  readonly removed: string[];
  /** Written by this pass while their owner was busy with them: to be looked at again soon. */
  readonly doubtful: string[];
  readonly failures: RouteFailure[];
}

/** What a pass works with. */
export interface Pass {
  readonly sources: readonly RouteSource[];
  readonly hubRoute: RouteToHave;
  /** Is the pass still allowed to write? Asked before each write. */
  mayWrite(): boolean;
  /** Did this hub itself add or remove the route since the pass began? Then the pass leaves it to that. */
  wasTouched(key: string): boolean;
  /** Keys of routes that the last pass found doubtful. */
  readonly doubts: ReadonlySet<string>;
  /** Writes to one proxy at a time. */
  readonly parallel: number;
  readonly signal: AbortSignal;
}

/** A change a row makes while we write is met by reading the rows again; after this many times we wait. */
const rounds = 3;

/**
 * Makes the table of one proxy equal to what the sources want (P411–P416). The table is read first and the
 * sources after, so a route younger than the table is never taken for a stale one; a deletion or replacement
 * re-reads its route; and what was written is compared once more with sources read after the write.
 */
export async function reconcileProxy(driver: ProxyDriver, pass: Pass): Promise<RouteChanges> {
  const changes: Omit<RouteChanges, 'doubtful'> = { added: [], replaced: [], removed: [], failures: [] };
  const doubtful = new Set<string>();
  const table = await driver.table(pass.signal);
  const model = new Map([...table.values()].map((route) => [routeKey(route.spec), route]));
  // Without the hub's own route nobody reaches anything (P412, W6): it does not wait for the sources.
  await apply(onlyHubRoute(model, pass), new Set());

  let scope: Set<string> | null = null;
  for (let round = 0; round < rounds; round++) {
    const wanted = await readSources(pass);
    for (const spec of busyAmong(wanted, scope ?? pass.doubts)) doubtful.add(spec);
    const plan = limit(planRoutes(model, wanted), scope);
    const written = new Set<string>();
    await apply(plan, written);
    if (written.size === 0) break;
    scope = written;
  }
  return { ...changes, doubtful: [...doubtful] };

  async function apply(plan: RoutePlan, written: Set<string>): Promise<void> {
    const put = async ({ spec, target, data }: RouteToHave, list: string[]) => {
      if (!pass.mayWrite()) return;
      await driver.add({ spec, target, data }, pass.signal);
      const key = routeKey(spec);
      model.set(key, { spec, target, data });
      written.add(key);
      list.push(spec);
    };
    const settle = async (spec: string, mayRemove: boolean) => {
      const state = await confirm(pass, spec);
      const key = routeKey(spec);
      if (state?.state === 'wanted') {
        const there = model.get(key);
        if (!there || !fulfils(there, state)) await put(state, changes.replaced);
      } else if (!state && mayRemove && pass.mayWrite()) {
        await driver.remove(spec, pass.signal);
        model.delete(key);
        written.add(key);
        changes.removed.push(spec);
      } // else it is busy or gone meanwhile: the next round or pass sees to it
    };

    const steps = [
      ...plan.add.map((route) => ({ spec: route.spec, run: () => put(route, changes.added) })),
      ...plan.replace.map(({ spec }) => ({ spec, run: () => settle(spec, false) })),
      ...plan.remove.map((spec) => ({ spec, run: () => settle(spec, true) })),
    ];
    let refusals = 0;
    await eachOf(steps, pass.parallel, async ({ spec, run }) => {
      if (pass.wasTouched(routeKey(spec)) || pass.signal.aborted) return;
      // A dead proxy costs each call its whole time limit: after one batch of that the rest waits for the next pass.
      if (refusals >= pass.parallel) return;
      try {
        await run();
        refusals = 0;
      } catch (error) {
        if (isUnavailable(error)) refusals += 1;
        changes.failures.push({ subject: `${driver.id} ${spec}`, error });
      }
    });
    pass.signal.throwIfAborted();
  }
}

function isUnavailable(error: unknown): boolean {
  return error instanceof DeadlineError || (isHubError(error) && error.code === 'HUB_PROXY_UNAVAILABLE');
}

/** Reads the wishes of all sources, the hub's own first. */
async function readSources({ hubRoute, sources, signal }: Pass): Promise<readonly WantedRoute[]> {
  const lists = await Promise.all(sources.map((source) => source.routes(signal)));
  return [hubRoute, ...lists.flat()];
}

async function confirm({ hubRoute, sources, signal }: Pass, spec: string): Promise<RouteState> {
  if (routeKey(spec) === routeKey(hubRoute.spec)) return hubRoute;
  for (const source of sources) {
    const state = await source.confirm(spec, signal);
    if (state) return state;
  }
  return null;
}

function onlyHubRoute(table: ReadonlyMap<string, ProxyRoute>, { hubRoute }: Pass): RoutePlan {
  const there = table.get(routeKey(hubRoute.spec));
  if (!there) return { add: [hubRoute], replace: [], remove: [] };
  return { add: [], replace: fulfils(there, hubRoute) ? [] : [hubRoute], remove: [] };
}

/** The part of a plan that is about routes this pass wrote. */
function limit(plan: RoutePlan, scope: ReadonlySet<string> | null): RoutePlan {
  if (!scope) return plan;
  return {
    add: plan.add.filter(({ spec }) => scope.has(routeKey(spec))),
    replace: plan.replace.filter(({ spec }) => scope.has(routeKey(spec))),
    remove: plan.remove.filter((spec) => scope.has(routeKey(spec))),
  };
}

function busyAmong(wanted: readonly WantedRoute[], scope: ReadonlySet<string>): string[] {
  return wanted
    .filter((wish) => wish.state === 'leave-alone' && scope.has(routeKey(wish.spec)))
    .map(({ spec }) => spec);
}

/** Runs `work` over all items, at most `parallel` at a time. */
async function eachOf<T>(
  items: readonly T[],
  parallel: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const rest = items.values();
  await Promise.all(
    Array.from({ length: Math.min(parallel, items.length) }, async () => {
      for (const item of rest) await work(item);
    }),
  );
}
