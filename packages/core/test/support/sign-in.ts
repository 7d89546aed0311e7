import { expect } from 'vitest';
import { Browser } from './browser.ts';

/** A browser in which this user is signed in by the form; the password of a test is the name. */
export async function signedInBrowser(
  origin: string,
  name: string,
  { userAgent = 'test' }: { readonly userAgent?: string } = {},
): Promise<Browser> {
  const browser = new Browser(origin);
  const headers = { 'user-agent': userAgent };
  await browser.get('/hub/login', headers);
  const _xsrf = browser.cookie('_xsrf') ?? '';
  const { status } = await browser.post('/hub/login', { username: name, password: name, _xsrf }, headers);
  expect(status).toBe(302);
  return browser;
}

/** A call of the API as a page's script makes it, with the cookies of the browser. */
export function apiCall(browser: Browser, method: string, path: string, body?: unknown) {
  return browser.request(method, `/hub/api${path}`, {
    headers: { 'content-type': 'application/json', 'x-xsrftoken': browser.cookie('_xsrf') ?? '' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
}
