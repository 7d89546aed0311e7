import { describe, expect, it } from 'vitest';
import { answerHeaders } from './headers.ts';

const settings = { hubPath: '/pre/hub/', compatibleVersion: '6.1.1', overrides: {} };
const headers = answerHeaders(settings);
const page = { nonce: 'abc', signedIn: false };

describe('R4: the headers of the API', () => {
  it('are those of the contract', () => {
    expect(headers.api()).toMatchObject({
      'x-jupyterhub-version': '6.1.1',
      'access-control-allow-headers': 'accept, content-type, authorization',
      'content-security-policy':
        "frame-ancestors 'none'; report-uri /pre/hub/security/csp-report; default-src 'none'",
    });
  });

  it('R6: allow no foreign origin', () => {
    expect(headers.api()).not.toHaveProperty('access-control-allow-origin');
  });
});

describe('W107, W108: the headers of a page', () => {
  it('allow scripts and styles of our own only, by nonce', () => {
    expect(headers.page(page)['content-security-policy']).toBe(
      "frame-ancestors 'none'; report-uri /pre/hub/security/csp-report; " +
        "script-src 'self' 'nonce-abc'; style-src 'self' 'nonce-abc'; object-src 'none'; base-uri 'none'; " +
        "form-action 'self'",
    );
  });

  it('let the consent form lead to its client', () => {
    const policy = headers.page({ ...page, formTargets: ['https://client.example'] })[
      'content-security-policy'
    ];
    expect(policy).toMatch(/form-action 'self' https:\/\/client\.example$/);
  });

  it('keep pages of signed-in users out of caches', () => {
    expect(headers.page({ ...page, signedIn: true })['cache-control']).toBe('no-store');
    expect(headers.page(page)).not.toHaveProperty('cache-control');
  });
});

describe("W107: the operator's headers", () => {
  const mine = answerHeaders({
    ...settings,
    overrides: { 'Content-Security-Policy': 'mine', 'Strict-Transport-Security': 'max-age=1' },
  });

  it.each([mine.api(), mine.page(page)])('add and replace, whatever their case', (sent) => {
    expect(sent).toMatchObject({
      'content-security-policy': 'mine',
      'strict-transport-security': 'max-age=1',
    });
    expect(Object.keys(sent).filter((name) => /content-security-policy/i.test(name))).toHaveLength(1);
  });
});

describe('W20: the headers of files', () => {
  it('carry neither version nor policy', () => {
    expect(headers.file(false)).toEqual({ 'cache-control': 'no-cache', 'x-content-type-options': 'nosniff' });
    expect(headers.file(true)['cache-control']).toBe('max-age=315360000');
  });
});
