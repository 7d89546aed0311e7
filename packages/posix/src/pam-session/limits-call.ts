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

/**
 * Takes back what was set since `before`, and answers with it as words for `prlimit`: what a session grants a user may
 * be too little for this process.
 */
export function takeLimits(before: Limits): readonly string[] {
  return limitsNow().flatMap((now, which) => {
    const old = before[which];
    if (!old || (old[0] === now[0] && old[1] === now[1])) return [];
    // Refused where root lacks CAP_SYS_RESOURCE: then it has to do with them.
    setrlimit(which, old);
    return [`--${resources[which]}=${words(now[0])}:${words(now[1])}`];
  });
}

const infinity = 2n ** 64n - 1n;

function words(limit = infinity): string {
  return limit === infinity ? 'unlimited' : String(limit);
}
