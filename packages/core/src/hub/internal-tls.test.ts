import { describe, expect, it } from 'vitest';
import { checkOptions } from './check-options.ts';
import { type Settings, settingsSchema } from './config.ts';
import {
  internalTlsDoubts,
  internalTlsProblems,
  otherScheme,
  requirePlacesCertificates,
  serverNames,
} from './internal-tls.ts';

function settings(given: object): Settings {
  const { options, problems } = checkOptions(settingsSchema, { ...given }, 'configuration');
  expect(problems).toEqual([]);
  return options as Settings;
}
const on = (more: object = {}) => settings({ internalTls: { enabled: true }, ...more });

describe('a configuration with internal TLS', () => {
  it('names addresses that are not encrypted (W104)', () => {
    const hub = { connectUrl: 'http://hub.example:8081', balancerUrl: 'https://balancer.example' };
    expect(internalTlsProblems(on({ hub }))).toEqual([expect.stringMatching(/^hub\.connectUrl: /)]);
    expect(internalTlsProblems(settings({ hub }))).toEqual([]);
  });

  it('names what can be no name', () => {
    const internalTls = {
      enabled: true,
      altNames: ['*.hub.test', 'hub.example', '::1', 'https://hub.example'],
    };
    expect(internalTlsProblems(on({ internalTls }))).toEqual([
      'internalTls.altNames: "https://hub.example" is neither a host name nor an address.',
    ]);
  });

  it('puts the public name into certificates, which other proxies look for', () => {
    expect(serverNames(on({ publicUrl: 'https://hub.example.edu/pre/' }))).toContain('hub.example.edu');
    expect(serverNames(on({ bindUrl: 'http://0.0.0.0:8000' }))).not.toContain('0.0.0.0');
  });

  it('refuses spawners that cannot take part', () => {
    const spawner = { id: 'docker', name: '@hub/spawner-docker', options: { hubConnectUrl: '' } };
    const able = { ...spawner, driver: { placesCertificates: true } };
    expect(() => requirePlacesCertificates([able])).not.toThrow();
    expect(() => requirePlacesCertificates([{ ...spawner, driver: {} }])).toThrow(
      expect.objectContaining({
        problems: [expect.stringMatching(/^@hub\/spawner-docker \(docker\): it cannot hand certificates/)],
      }),
    );
    const plain = { ...able, options: { hubConnectUrl: 'http://hub:8081' } };
    expect(() => requirePlacesCertificates([plain])).toThrow(
      expect.objectContaining({ problems: [expect.stringContaining('hubConnectUrl')] }),
    );
  });

  it('tells what is not encrypted all the same', () => {
    const services = [
      { name: 'grader', url: 'http://127.0.0.1:9' },
      { name: 'safe', url: 'https://safe' },
    ];
    expect(internalTlsDoubts(on(), services)).toEqual([expect.stringContaining('"grader"')]);
    expect(internalTlsDoubts(settings({}), services)).toEqual([]);
  });

  it('tells of servers that were started without, and the other way round', () => {
    const servers = [
      { phase: 'ready', target: 'http://127.0.0.1:1' },
      { phase: 'ready', target: 'https://127.0.0.1:2' },
      { phase: 'starting', target: null },
    ];
    expect(otherScheme(true, servers)).toMatchObject({
      count: 1,
      message: expect.stringContaining('without'),
    });
    expect(otherScheme(false, servers)).toMatchObject({ count: 1, message: expect.stringContaining('with') });
    expect(otherScheme(false, servers.slice(0, 1))).toBeNull();
  });
});
