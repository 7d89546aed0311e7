import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { DomainEvents } from '../kernel/index.ts';

/** Numbers that are read when somebody asks, not counted as they change: a counter kept by hand drifts. */
export interface Totals {
  readonly users: number;
  readonly running: number;
  /** Users seen within a day, a week, thirty days. */
  readonly active: { readonly '24h': number; readonly '7d': number; readonly '30d': number };
}

/** The hub's figures for Prometheus (P7xx), under the names dashboards know. */
export interface Metrics {
  /** Text in the exposition format, and its content type. */
  text(): Promise<{ readonly body: string; readonly contentType: string }>;
  /** One answered request (`request_duration_seconds`). */
  request(
    labels: { readonly method: string; readonly handler: string; readonly code: number },
    seconds: number,
  ): void;
  cspReport(): void;
  started(seconds: number): void;
}

const usualBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const serverBuckets: readonly number[] = [0.5, 1, 2.5, 5, 10, 15, 30, 60, 120, 180, 300, 600];

/**
 * Makes the metrics of one hub and lets them follow its events. `prefix` is `jupyterhub` unless the environment
 * says otherwise; bucket lists of starts and stops are comma-separated texts from there (P703).
 */
export function createMetrics(
  events: DomainEvents,
  totals: () => Promise<Totals>,
  environment: Readonly<Record<string, string | undefined>>,
): Metrics {
  const register = new Registry();
  const prefix = `${environment.JUPYTERHUB_METRICS_PREFIX || 'jupyterhub'}_`;
  collectDefaultMetrics({ register });
  const histogram = <L extends string>(
    name: string,
    help: string,
    labelNames: readonly L[],
    buckets: readonly number[] = usualBuckets,
  ) =>
    new Histogram({
      name: `${prefix}${name}`,
      help,
      labelNames: [...labelNames],
      buckets: [...buckets],
      registers: [register],
    });

  const request = histogram('request_duration_seconds', 'Time of a request', ['method', 'handler', 'code']);
  const spawn = histogram(
    'server_spawn_duration_seconds',
    'Time of a start',
    ['status', 'reason'],
    bucketsFrom(environment.JUPYTERHUB_SERVER_SPAWN_DURATION_SECONDS_BUCKETS) ?? serverBuckets,
  );
  const stop = histogram(
    'server_stop_seconds',
    'Time of a stop',
    ['status'],
    bucketsFrom(environment.JUPYTERHUB_SERVER_STOP_DURATION_SECONDS_BUCKETS) ?? serverBuckets,
  );
  const poll = histogram('server_poll_duration_seconds', 'Time of a poll', ['status']);
  const addRoute = histogram('proxy_add_duration_seconds', 'Time of adding a route', ['status']);
  const deleteRoute = histogram('proxy_delete_duration_seconds', 'Time of deleting a route', ['status']);
  const checkRoutes = histogram('check_routes_duration_seconds', 'Time of comparing all routes', []);
  const login = histogram('login_duration_seconds', 'Time of a sign-in', ['status']);
  const logout = histogram('logout_duration_seconds', 'Time of a log-out', []);
  const startup = histogram('hub_startup_duration_seconds', 'Time of a start of the hub', []);
  const cspReports = new Counter({
    name: `${prefix}csp_reports_total`,
    help: 'Reports of a blocked resource',
    registers: [register],
  });

  const throttled = new Counter({
    name: `${prefix}login_throttled_total`,
    help: 'Sign-ins not tried because too many had failed',
    labelNames: ['by'],
    registers: [register],
  });

  readTotals(register, prefix, totals);

  // P701: what can occur is there from the start. Label texts are those dashboards match (P8.4).
  for (const status of ['success', 'failure', 'error']) spawn.zero({ status, reason: '' });
  for (const status of ['success', 'failure']) {
    stop.zero({ status });
    addRoute.zero({ status });
    deleteRoute.zero({ status });
    login.zero({ status: `LoginStatus.${status}` });
  }
  for (const by of ['account', 'address', 'place']) throttled.inc({ by }, 0);
  for (const status of ['running', 'stopped']) poll.zero({ status: `ServerPollStatus.${status}` });

  const outcome = (ok: boolean) => ({ status: ok ? 'success' : 'failure' });
  events.on('serverReady', ({ seconds }) => spawn.observe({ status: 'success', reason: '' }, seconds));
  events.on('serverFailed', ({ cause, expected, seconds }) =>
    spawn.observe({ status: expected ? 'failure' : 'error', reason: cause }, seconds),
  );
  events.on('startRefused', ({ reason }) => spawn.observe({ status: 'failure', reason }, 0));
  events.on('serverStopped', ({ ok, seconds }) => stop.observe(outcome(ok), seconds));
  events.on('serverPolled', ({ running, seconds }) =>
    poll.observe({ status: `ServerPollStatus.${running ? 'running' : 'stopped'}` }, seconds),
  );
  events.on('routeAdded', ({ ok, seconds }) => addRoute.observe(outcome(ok), seconds));
  events.on('routeDeleted', ({ ok, seconds }) => deleteRoute.observe(outcome(ok), seconds));
  events.on('routesChecked', ({ seconds }) => checkRoutes.observe(seconds));
  events.on('signedIn', ({ seconds }) => login.observe({ status: 'LoginStatus.success' }, seconds));
  events.on('signInRefused', ({ seconds }) => login.observe({ status: 'LoginStatus.failure' }, seconds));
  events.on('signInThrottled', ({ by }) => throttled.inc({ by }));
  events.on('signedOut', ({ seconds }) => logout.observe(seconds));

  return {
    text: async () => ({
      body: await register.metrics(),
      contentType: 'text/plain; version=1.0.0; charset=utf-8',
    }),
    request: ({ method, handler, code }, seconds) =>
      request.observe({ method, handler, code: String(code) }, seconds),
    cspReport: () => cspReports.inc(),
    started: (seconds) => startup.observe(seconds),
  };
}

/** Gauges that ask the database when they are scraped: every hub tells the same (P8.4, `running_servers`). */
function readTotals(register: Registry, prefix: string, totals: () => Promise<Totals>): void {
  let asked: Promise<Totals> | null = null;
  const once = () => {
    asked ??= totals().finally(() => {
      asked = null;
    });
    return asked;
  };
  const gauge = (
    name: string,
    help: string,
    labelNames: readonly string[],
    read: (totals: Totals, gauge: Gauge) => void,
  ) =>
    new Gauge({
      name: `${prefix}${name}`,
      help,
      labelNames: [...labelNames],
      registers: [register],
      async collect() {
        read(await once(), this);
      },
    });
  gauge('running_servers', 'Servers that are ready', [], ({ running }, one) => one.set(running));
  gauge('total_users', 'Users', [], ({ users }, one) => one.set(users));
  gauge('active_users', 'Users seen within the period', ['period'], ({ active }, one) => {
    for (const [period, count] of Object.entries(active)) one.set({ period }, count);
  });
}

function bucketsFrom(text: string | undefined): readonly number[] | null {
  if (!text) return null;
  const numbers = text.split(',').map((one) => Number(one.trim().replace(/^\+?inf$/i, 'Infinity')));
  return numbers.every((one) => !Number.isNaN(one)) ? numbers.filter((one) => Number.isFinite(one)) : null;
}
