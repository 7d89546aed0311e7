import type { PluginInstance } from '@hub/core';
import { createTestHub, type TestHub, type TestHubOptions } from '@hub/testing';
import { oidcAuthenticator } from '../../src/index.ts';
import { ProviderProcess } from './provider-process.ts';

/** What the hub and the provider share. */
export const secret = 'the secret of the hub, long enough for any provider';

type OidcOptions = Partial<Parameters<typeof oidcAuthenticator>[0]>;

/** A hub and the provider that it asks. */
export class SignInHub implements AsyncDisposable {
  readonly hub: TestHub;
  readonly provider: ProviderProcess;

  private constructor(hub: TestHub, provider: ProviderProcess) {
    this.hub = hub;
    this.provider = provider;
  }

  /** `more`: further authenticators, after the one called `oidc`. */
  static async start(
    options: OidcOptions = {},
    settings: TestHubOptions = {},
    more: readonly PluginInstance[] = [],
  ): Promise<SignInHub> {
    const provider = await ProviderProcess.start();
    const oidc = oidcAuthenticator({
      issuer: provider.issuer,
      clientId: 'hub',
      clientSecret: secret,
      allowAll: true,
      requestTimeout: 8,
      ...options,
    });
    const hub = await createTestHub({
      cryptKeys: ['00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff'],
      ...settings,
      access: { allowAll: false, ...settings.access },
      plugins: [oidc, ...more, ...(settings.plugins ?? [])],
    });
    const self = new SignInHub(hub, provider);
    await provider.tell({ clients: [self.client()] });
    return self;
  }

  /** The hub as the provider knows it. */
  client(
    change: Readonly<Record<string, unknown>> = {},
  ): NonNullable<Parameters<ProviderProcess['tell']>[0]['clients']>[number] {
    const { url } = this.hub;
    return {
      client_id: 'hub',
      client_secret: secret,
      redirect_uris: [`${url}/hub/oauth_callback`],
      post_logout_redirect_uris: [`${url}/hub/login`],
      backchannel_logout_uri: `${url}/hub/oauth_backchannel_logout`,
      backchannel_logout_session_required: true,
      grant_types: ['authorization_code', 'refresh_token'],
      ...change,
    };
  }

  get url(): string {
    return this.hub.url;
  }

  /** Lines of the hub's log with this text. */
  logged(text: string): readonly object[] {
    return this.hub.log.filter((line) => JSON.stringify(line).includes(text));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.hub[Symbol.asyncDispose]();
    await this.provider[Symbol.asyncDispose]();
  }
}
