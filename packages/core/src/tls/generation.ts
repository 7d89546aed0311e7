import type { TlsIdentity } from '../plugin/index.ts';
import { endOf, makeAuthority, vouchFor } from './certificates.ts';

/**
 * Who issues: `hub` to hubs and the proxy, `servers` to launches, `services` to services. Servers and services believe
 * the first alone, so none of them can pass for a hub or for the proxy (W103, with three authorities for its five).
 */
export const authorityKinds = ['hub', 'servers', 'services'] as const;
export type AuthorityKind = (typeof authorityKinds)[number];

/** Authorities made at one time, as they are stored. */
export interface Generation {
  /** 1, 2, … */
  readonly number: number;
  readonly created: string;
  /** All hubs believe it at once, and let it issue from now on: until then each of them has heard of it. */
  readonly issuesFrom: string;
  readonly certificates: Readonly<Record<AuthorityKind, string>>;
  /** The hub authority once more, issued by that of the generation before: for servers that know only that one. */
  readonly link: string | null;
  /** Private keys by kind, encrypted. */
  readonly sealedKeys: string;
}

/** A generation whose keys are open. */
export interface OpenGeneration extends Omit<Generation, 'sealedKeys'> {
  readonly keys: Readonly<Record<AuthorityKind, string>>;
}

/** How long authorities are valid. */
export const authorityDays = 3650;

/** Makes the next generation; `before` is the newest there is. */
export async function makeGeneration(
  before: OpenGeneration | null,
  { now, issuesFrom }: { readonly now: Date; readonly issuesFrom: Date },
): Promise<OpenGeneration> {
  const number = (before?.number ?? 0) + 1;
  const make = (kind: AuthorityKind) =>
    makeAuthority(`Hub internal ${kind} ${now.toISOString().slice(0, 10)} ${number}`, now, authorityDays);
  const [hub, servers, services] = await Promise.all([make('hub'), make('servers'), make('services')]);
  return {
    number,
    created: now.toISOString(),
    issuesFrom: issuesFrom.toISOString(),
    certificates: {
      hub: hub.certificate,
      servers: servers.certificate,
      services: services.certificate,
    },
    link: before ? await vouchFor(hub.certificate, authorityOf(before, 'hub')) : null,
    keys: { hub: hub.key, servers: servers.key, services: services.key },
  };
}

/** The generation that issues now: the newest whose time has come, else the oldest. */
export function issuing<T extends Pick<Generation, 'issuesFrom'>>(
  generations: readonly T[],
  now: Date,
): T | null {
  const due = generations.filter(({ issuesFrom }) => new Date(issuesFrom) <= now);
  return due.at(-1) ?? generations[0] ?? null;
}

/** When they end. */
export function authorityEnd({ certificates }: Pick<Generation, 'certificates'>): Date {
  return endOf(certificates.hub);
}

/** Certificate and key of one authority. */
export function authorityOf(generation: OpenGeneration, kind: AuthorityKind): TlsIdentity {
  return { certificate: generation.certificates[kind], key: generation.keys[kind] };
}

/** Roots of these kinds, of all generations. */
export function rootsOf(
  generations: readonly Pick<Generation, 'certificates'>[],
  kinds: readonly AuthorityKind[],
): string {
  return kinds.flatMap((kind) => generations.map(({ certificates }) => certificates[kind])).join('');
}

/**
 * What stands behind a certificate issued by the hub authority of `current`: the way back to every older one, for
 * who believes only that.
 */
export function chainBehind(
  current: Pick<Generation, 'number'>,
  generations: readonly Pick<Generation, 'number' | 'link'>[],
): string {
  return generations
    .filter(({ number }) => number <= current.number)
    .toReversed()
    .map(({ link }) => link ?? '')
    .join('');
}
