import { empty, type Routes } from '../http/index.ts';
import { type Clock, HubError, type JsonObject, type Logger } from '../plugin/index.ts';

const accepted = /^\s*application\/(?:csp-report|reports\+json|json)\s*(?:;|$)/i;
/** Lines in the log; a page that is broken for everybody reports with every view. */
const linesPerMinute = 30;
const windowMs = 60_000;
const bodyLimit = 65_536;

/** Browsers tell what the policy of a page kept out (W116). They send neither token nor, often, cookies. */
export function cspReportRoutes(hub: Routes, { clock, log }: { clock: Clock; log: Logger }): void {
  const mayLog = limited(clock);
  hub.route('POST', '/security/csp-report', {
    summary: 'A report of a browser about the content policy',
    identity: 'unasked',
    reads: 'bytes',
    bodyLimit,
    quiet: true,
    handle({ bytes, headers }) {
      if (!accepted.test(headers['content-type'] ?? '')) {
        throw new HubError('HUB_BAD_REQUEST', 'This is no report of a browser.');
      }
      for (const report of reportsIn(bytes)) {
        if (!mayLog()) break;
        log.warn(summary(report), 'content policy kept something out');
      }
      return empty();
    },
  });
}

/** One report as the older kind, or a list of the newer one. What is neither counts as none. */
function reportsIn(bytes: Uint8Array): readonly JsonObject[] {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return [];
  }
  return [value].flat().flatMap((one) => {
    const outer = asObject(one);
    const inner = asObject(outer['csp-report'] ?? outer.body);
    return Object.keys(inner).length > 0 ? [inner] : [];
  });
}

function asObject(value: unknown): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
}

/** Anybody can send these: short, and without queries, where secrets of pages would be. */
function summary(report: JsonObject): object {
  const text = (...names: string[]) => {
    const value = names.map((name) => report[name]).find((found) => typeof found === 'string');
    return typeof value === 'string' ? value.replace(/[?#].*$/s, '').slice(0, 200) : undefined;
  };
  return {
    page: text('document-uri', 'documentURL'),
    blocked: text('blocked-uri', 'blockedURL'),
    directive: text('effective-directive', 'effectiveDirective', 'violated-directive'),
    source: text('source-file', 'sourceFile'),
  };
}

function limited(clock: Clock): () => boolean {
  let began = Number.NEGATIVE_INFINITY;
  let count = 0;
  return () => {
    const now = clock.monotonic();
    if (now - began >= windowMs) {
      began = now;
      count = 0;
    }
    count += 1;
    return count <= linesPerMinute;
  };
}
