import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { DateTime } from 'luxon';
import { type Answer, file, type HttpServer } from '../http/index.ts';
import type { PageDeps } from './deps.ts';
import { bareError } from './error-pages.ts';

const types: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.gif': 'image/gif',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/vnd.microsoft.icon',
  '.jpeg': 'image/jpeg',
  '.jpg': 'image/jpeg',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.map': 'application/json',
  '.mjs': 'text/javascript; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.webp': 'image/webp',
  '.woff2': 'font/woff2',
};

/** Files of the look: `static/…`, the logo, the icon (W20). Open to all, and nobody is asked who they are. */
export function assetRoutes(
  { hub, base }: Pick<HttpServer, 'hub' | 'base'>,
  { pages, clock }: PageDeps,
): void {
  const { folder, logoFile, faviconFile } = pages.assets;
  const open = { identity: 'unasked', quiet: true } as const;
  const methods = ['GET', 'HEAD'] as const;

  hub.route(methods, '/static/*', {
    ...open,
    summary: 'A file of the look',
    async handle({ params, query }) {
      const name = insideOf(folder, params['*']);
      if (name === 'outside') return bareError(403);
      return send(name, query.v === undefined ? null : clock.now());
    },
  });
  hub.route(methods, '/logo', { ...open, summary: 'Logo', handle: () => send(logoFile) });
  base.route(methods, '/favicon.ico', { ...open, summary: 'Icon', handle: () => send(faviconFile) });
}

function insideOf(folder: string, name: string): string | 'outside' {
  const root = path.resolve(folder);
  const wanted = path.resolve(root, name.replace(/^\/+/, ''));
  if (wanted !== root && !wanted.startsWith(root + path.sep)) return 'outside';
  return folder === '' ? '' : wanted;
}

/** `versionedAt`: the address changes with the file, so browsers may keep it for ten years from now. */
async function send(name: string, versionedAt: Date | null = null): Promise<Answer> {
  const type = types[path.extname(name).toLowerCase()] ?? 'application/octet-stream';
  try {
    const answer = file(type, await readFile(name), versionedAt !== null);
    const expires = versionedAt && DateTime.fromJSDate(versionedAt).plus({ years: 10 }).toHTTP();
    return expires ? { ...answer, headers: { expires } } : answer;
  } catch {
    return bareError(404); // a folder, or nothing: which of them is nobody's business
  }
}
