import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { type Page as BrowserPage, chromium } from 'playwright-core';

/** The policy of the hub's own pages (design, section 8). */
export const policy =
  "default-src 'none'; script-src 'self' 'nonce-bm9uY2U='; style-src 'self' 'nonce-bm9uY2U='; img-src 'self'; " +
  "connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

export type Answer = (request: IncomingMessage, response: ServerResponse, body: string) => void;

const types: Readonly<Record<string, string>> = {
  '.css': 'text/css',
  '.js': 'text/javascript',
  '.svg': 'image/svg+xml',
};

/** Serves the assets as a hub would, and whatever `answer` says for everything else. */
export async function servePages(assets: string, answer: Answer) {
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    if (pathname.startsWith('/hub/static/')) {
      const file = path.join(assets, path.basename(pathname));
      const type = types[path.extname(file)] ?? 'application/octet-stream';
      if (!existsSync(file)) return void response.writeHead(404).end();
      return void response.writeHead(200, { 'Content-Type': type }).end(await readFile(file));
    }
    let body = '';
    for await (const chunk of request) body += chunk;
    answer(request, response, body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** Answers with a page under the policy. */
export function sendPage(response: ServerResponse, html: string): void {
  response
    .writeHead(200, { 'Content-Type': 'text/html; charset=utf-8', 'Content-Security-Policy': policy })
    .end(html);
}

const usualPlaces = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/** The browser for tests: `HUB_TEST_CHROMIUM`, or where it usually is; null when there is none. */
export function findChromium(): string | null {
  const told = process.env.HUB_TEST_CHROMIUM;
  if (told) return told;
  return usualPlaces.find((file) => existsSync(file)) ?? null;
}

export function launchChromium(executablePath: string) {
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
}

/** Collects what the console complains about, violations of the policy among it. */
export function complaints(page: BrowserPage): string[] {
  const found: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') found.push(message.text());
  });
  page.on('pageerror', (error) => found.push(String(error)));
  return found;
}
