/**
 * Facts about this process for SIGUSR1 (P642). Answering it also keeps Node from its own answer, which is to open
 * a debugger that every account of the machine can reach.
 */
export function diagnostics(): object {
  const { rss, heapUsed, external } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  const waiting: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) waiting[kind] = (waiting[kind] ?? 0) + 1;
  return {
    pid: process.pid,
    node: process.version,
    uptimeSeconds: Math.round(process.uptime()),
    cpuSeconds: { user: user / 1e6, system: system / 1e6 },
    megabytes: { resident: megabytes(rss), heap: megabytes(heapUsed), external: megabytes(external) },
    waiting,
  };
}

function megabytes(bytes: number): number {
  return Math.round(bytes / 1e5) / 10;
}
