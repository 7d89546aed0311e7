import { X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { hubCode, Place } from './support/command.ts';

const settings = { internalTls: { enabled: true, altNames: ['*.hub.test'] }, cryptKeys: ['0'.repeat(64)] };

it('issues for services and proxies, and changes the authorities', async () => {
  await using place = await Place.make(hubCode(0, settings));
  const issued = await place.result('tls', 'issue', 'grader', 'grader-tls');
  const folder = path.join(place.folder, 'grader-tls');
  expect(issued.out.split('\n')).toEqual([
    expect.stringMatching(/^JUPYTERHUB_SSL_KEYFILE=.*\/grader-tls\/service\.key$/),
    expect.stringMatching(/^JUPYTERHUB_SSL_CERTFILE=.*\/grader-tls\/service\.crt$/),
    expect.stringMatching(/^JUPYTERHUB_SSL_CLIENT_CA=.*\/grader-tls\/authorities\.crt$/),
    '',
  ]);
  const certificate = new X509Certificate(readFileSync(path.join(folder, 'service.crt')));
  expect(certificate.checkHost('grader.service.hub.internal')).toBeTruthy();
  expect(certificate.checkHost('a.hub.test')).toBe('*.hub.test');
  expect(statSync(path.join(folder, 'service.key')).mode & 0o777).toBe(0o600);

  const flags = (await place.result('tls', 'proxy', 'proxy-tls')).out;
  expect(flags).toContain('--api-ssl-request-cert --api-ssl-reject-unauthorized');
  const proxy = new X509Certificate(readFileSync(path.join(place.folder, 'proxy-tls/proxy.crt')));
  expect(proxy.checkHost('proxy.hub.internal')).toBeTruthy();

  expect((await place.result('tls', 'renew', '--at-once')).code).toBe(0);
  expect((await place.result('tls', 'show')).out).toMatch(/^1: .*, is believed\n2: .*, issues\n$/);
  expect((await place.result('tls', 'forget')).out).toContain('Forgotten: 1.');
});

it('says that internal TLS is off', async () => {
  await using place = await Place.make(hubCode(0));
  const { code, err } = await place.result('tls', 'issue', 'grader', 'there');
  expect([code, err]).toEqual([1, expect.stringContaining('`internalTls.enabled` is false')]);
});

it('names at a check what cannot be encrypted (W104)', async () => {
  const hub = { port: 0, connectUrl: 'http://hub.example:8081' };
  await using place = await Place.make(hubCode(0, { ...settings, hub }));
  const { code, err, out } = await place.result('check');
  expect(code).toBe(1);
  expect(`${err}${out}`).toContain('hub.connectUrl: "http://hub.example:8081" is not encrypted');
});
