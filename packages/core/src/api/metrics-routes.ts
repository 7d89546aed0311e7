import { anyOf, bytes, type HttpServer } from '../http/index.ts';
import { answers } from './schemas/index.ts';

/** The figures, as text with its type. */
export type MetricsText = () => Promise<{ readonly body: string; readonly contentType: string }>;

/** `/metrics` of pages and API (W19, R48): scope `read:metrics` with any filter (R127), or open to all. */
export function metricsRoutes(
  { api, hub }: Pick<HttpServer, 'api' | 'hub'>,
  text: MetricsText,
  open: boolean,
): void {
  const who = open
    ? ({ identity: 'unasked' } as const)
    : ({ scope: anyOf('read:metrics'), on: 'list' } as const);
  for (const mount of [api, hub]) {
    mount.route('GET', '/metrics', {
      summary: 'Figures for Prometheus',
      tags: ['hub'],
      answers: answers({ 200: { type: 'text/plain' } }),
      ...who,
      tokens: true,
      login: false,
      quiet: true,
      async handle() {
        const { body, contentType } = await text();
        return bytes(contentType, body);
      },
    });
  }
}
