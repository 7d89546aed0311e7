import { randomUUID } from 'node:crypto';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type HubData, openHubData } from '@hub/core';
import type { Io } from './io.ts';
import { loadConfig } from './load-config.ts';
import { quietly } from './quietly.ts';
import { untilSignal } from './until-signal.ts';

/** Options of `hub tls …`. */
export interface TlsOptions {
  readonly config?: string;
}

/** Options of `hub tls renew`. */
export interface RenewOptions extends TlsOptions {
  readonly atOnce?: boolean;
}

/** Prints the authorities there are. */
export function showAuthorities(options: TlsOptions, io: Io): Promise<number> {
  return withTls(options, io, async (tls) => {
    const all = await tls.authorities();
    if (all.length === 0) return 'There are no authorities yet: a hub with `internalTls.enabled` makes them.';
    const lines = all.map(({ number, created, ends, issues, issuesFrom }) => {
      const what = issues ? 'issues' : issuesFrom > new Date().toISOString() ? 'will issue' : 'is believed';
      const ended = ends < new Date().toISOString() ? ', has ended' : '';
      return `${number}: made ${created.slice(0, 10)}, ends ${ends.slice(0, 10)}${ended}, ${what}`;
    });
    return lines.join('\n');
  });
}

/** Writes what a service needs into a folder, and prints the variables that name the files. */
export function issueForService(name: string, folder: string, options: TlsOptions, io: Io): Promise<number> {
  return withTls(options, io, async (tls) => {
    const { key, certificate, authorities } = await tls.forService(name);
    const place = resolve(io.cwd, folder);
    const files = { 'service.key': key, 'service.crt': certificate, 'authorities.crt': authorities };
    await writeAll(place, files);
    return [
      `JUPYTERHUB_SSL_KEYFILE=${place}/service.key`,
      `JUPYTERHUB_SSL_CERTFILE=${place}/service.crt`,
      `JUPYTERHUB_SSL_CLIENT_CA=${place}/authorities.crt`,
    ].join('\n');
  });
}

/** Writes what a proxy of somebody else needs into a folder, and prints its flags. */
export function issueForProxy(folder: string, options: TlsOptions, io: Io): Promise<number> {
  return withTls(options, io, async (tls) => {
    const { key, certificate, apiAuthorities, targetAuthorities } = await tls.forProxy();
    const place = resolve(io.cwd, folder);
    await writeAll(place, {
      'proxy.key': key,
      'proxy.crt': certificate,
      'api-authorities.crt': apiAuthorities,
      'target-authorities.crt': targetAuthorities,
    });
    const side = (prefix: string, authorities: string) => [
      `--${prefix}-ssl-key ${place}/proxy.key --${prefix}-ssl-cert ${place}/proxy.crt`,
      `--${prefix}-ssl-ca ${place}/${authorities}`,
      `--${prefix}-ssl-request-cert --${prefix}-ssl-reject-unauthorized`,
    ];
    return [...side('api', 'api-authorities.crt'), ...side('client', 'target-authorities.crt')].join('\n');
  });
}

/** Makes new authorities beside those there are. */
export function renewAuthorities({ atOnce = false, ...options }: RenewOptions, io: Io): Promise<number> {
  return withTls(options, io, async (tls) => {
    await tls.renew({ atOnce });
    return atOnce
      ? 'New authorities issue from now on. Start all hubs again.'
      : 'New authorities are made. Hubs believe them within ten minutes; they issue in twenty.';
  });
}

/** Forgets all authorities but those that issue. */
export function forgetAuthorities(options: TlsOptions, io: Io): Promise<number> {
  return withTls(options, io, async (tls) => {
    const count = await tls.forgetOld();
    return count === 0
      ? 'There are no older ones.'
      : `Forgotten: ${count}. Servers and services with certificates of theirs are refused from now on.`;
  });
}

/** Deletes all authorities; the next start of a hub makes new ones. */
export function discardAuthorities(options: TlsOptions, io: Io): Promise<number> {
  return withTls(options, io, async (tls) => {
    const count = await tls.discard();
    return `Deleted: ${count}. The next start of a hub makes new ones; servers that run must be started again.`;
  });
}

async function withTls(
  { config: file }: TlsOptions,
  io: Io,
  act: (tls: HubData['tls']) => Promise<string>,
): Promise<number> {
  const { config } = await loadConfig(file, io.cwd);
  return untilSignal(io, async (signal) => {
    await using data = await openHubData(quietly(config, io), { signal });
    io.out(`${await act(data.tls)}\n`);
    return 0;
  });
}

/** Each whole or not at all, for this account alone. */
async function writeAll(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  for (const [name, text] of Object.entries(files)) {
    const part = `${folder}/${name}.${randomUUID()}.part`;
    await writeFile(part, text, { mode: 0o600, flag: 'wx' });
    await rename(part, `${folder}/${name}`);
  }
}
