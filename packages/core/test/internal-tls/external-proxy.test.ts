import { expect, it } from 'vitest';
import { until } from '../../../testing/src/index.ts';
import { knock, TlsMachine } from './support/tls-hub.ts';

it('a proxy that somebody else runs takes part with the files of `hub tls proxy` (W104)', async () => {
  await using machine = await TlsMachine.openWithProxyOfOthers();
  await machine.startServer('ada');
  expect(await machine.get('/user/ada/')).toEqual({ status: 200, text: 'ada' });
  expect((await machine.get('/hub/login')).status).toBe(200);
  // It looks for the name the browser asks for, which must be in the certificates.
  const byName = machine.origin.replace('127.0.0.1', 'localhost');
  expect((await machine.get(`${byName}/user/ada/`)).status).toBe(200);
  expect((await machine.get('/user/ada/', { host: 'elsewhere.example' })).status).toBe(503);
  expect(await knock(new URL(machine.apiUrl), null)).toBe('refused');
  await machine.stopServer('ada');
  await until(async () => (await machine.get('/user/ada/')).status !== 200, 30);
}, 120_000);
