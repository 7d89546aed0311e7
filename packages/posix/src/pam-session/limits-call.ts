import koffi from 'koffi';

/** Resources in the order of Linux's numbers, as `prlimit` calls them. */
const resources = [
  ...['cpu', 'fsize', 'data', 'stack', 'core', 'rss', 'nproc', 'nofile', 'memlock', 'as'],
  ...['locks', 'sigpending', 'msgqueue', 'nice', 'rtprio', 'rttime'],
] as const;

/** Soft and hard limit of each resource of this process. */
export type Limits = readonly BigUint64Array[];

const libc = koffi.load(null);
const getrlimit: (which: number, limit: BigUint64Array) => number = libc.func(
  'int getrlimit(int which, void *limit)',
);
const setrlimit: (which: number, limit: BigUint64Array) => number = libc.func(
  'int setrlimit(int which, const void *limit)',
);

/** The limits this process has. */
export function limitsNow(): Limits {
  return resources.map((_, which) => {
    const limit = new BigUint64Array(2);
    getrlimit(which, limit);
    return limit;
  });
}

/** Limits that were taken back. */
export interface TakenLimits {
  /** As `prlimit` takes them. */
  readonly words: readonly string[];
  /** Those that this process could not take back, as root lacks CAP_SYS_RESOURCE. */
  readonly stuck: readonly string[];
}

/** Takes back what was set since `before`: what a session grants a user may be too little for this process. */
export function takeLimits(before: Limits): TakenLimits {
  const found: string[] = [];
  const stuck: string[] = [];
  for (const [which, now] of limitsNow().entries()) {
    const [old, name] = [before[which], resources[which]];
    if (!old || !name || (old[0] === now[0] && old[1] === now[1])) continue;
    found.push(`--${name}=${words(now[0])}:${words(now[1])}`);
    if (setrlimit(which, old) !== 0) stuck.push(name);
  }
  return { words: found, stuck };
}

const infinity = 2n ** 64n - 1n;

function words(limit = infinity): string {
  return limit === infinity ? 'unlimited' : String(limit);
}
