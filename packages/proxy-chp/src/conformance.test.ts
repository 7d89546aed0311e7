import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { proxyConformance } from '@hub/testing';
import { afterAll, beforeAll, describe, it } from 'vitest';
import type { ProxyRecord } from './state-folder.ts';
import { newPlace, type Place, type TestHub, testHub } from './test-context.ts';

describe('configurable-http-proxy, driven by the plugin', () => {
  let place: Place;
  let hub: TestHub;
  beforeAll(async () => {
    place = await newPlace();
    hub = testHub(place);
    await hub.start();
  });
  afterAll(async () => {
    await hub.stop();
    await place.remove();
  });

  proxyConformance(it, async () => ({
    proxy: hub.proxy,
    publicUrl: place.publicUrl,
    async addForeignRoute(path, target) {
      const record = JSON.parse(await readFile(join(place.folder, 'proxy.json'), 'utf8')) as ProxyRecord;
      const answer = await fetch(`${record.api.url}/api/routes${path}`, {
        method: 'POST',
        headers: { authorization: `token ${record.api.token}` },
        body: JSON.stringify({ target }),
      });
      if (answer.status !== 201) throw new Error(`CHP answered ${answer.status}`);
    },
    close: async () => undefined,
  }));
});
