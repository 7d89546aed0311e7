import assert from 'node:assert/strict';
import { type Authenticator, type Awaitable, isPluginInstance } from '@hub/core/plugin';
import { formCases } from './form-cases.ts';
import { generalCases } from './general-cases.ts';
import { identityCases } from './identity-cases.ts';
import { nameCases } from './name-cases.ts';
import { readyAuthenticator } from './ready-authenticator.ts';
import { refreshCases } from './refresh-cases.ts';
import { formPost } from './request.ts';
import { routeCases } from './route-cases.ts';
import { secretCases } from './secret-cases.ts';
import type {
  AuthenticatorCase,
  AuthenticatorConformanceOptions,
  AuthenticatorSupports,
  AuthenticatorTestFunction,
  AuthenticatorUnderTest,
  Subject,
} from './under-test.ts';
import { within } from './within.ts';

const cases = [
  ...generalCases,
  ...nameCases,
  ...identityCases,
  ...formCases,
  ...secretCases,
  ...refreshCases,
  ...routeCases,
];

/**
 * Registers one test per promise an authenticator makes (P101–P146). Any runner works. What it cannot do is declared
 * in `supports` and shows as skipped.
 *
 * @example
 * authenticatorConformance(it, () => ({
 *   authenticator: myAuthenticator({ … }),
 *   valid: { username: 'ada', password: 'right' },
 *   wrong: { username: 'ada', password: 'wrong' },
 * }));
 */
export function authenticatorConformance(
  it: AuthenticatorTestFunction,
  factory: () => Awaitable<AuthenticatorUnderTest>,
  { supports = {}, limitSeconds = 30 }: AuthenticatorConformanceOptions = {},
): void {
  const { form = true } = supports;
  const able = { refusal: form, identity: form, refresh: true, routes: true, ...supports, form };
  for (const one of cases) {
    // No parameter by name: some runners would pass a callback and wait for it.
    const run = (...given: readonly unknown[]) => runCase(one, factory, { supports, limitSeconds }, given[0]);
    if (!one.needs || able[one.needs]) it(one.name, run);
    else it.skip?.(`${one.name} [not supported: ${one.needs}]`, run);
  }
}

async function runCase(
  { needs, run }: AuthenticatorCase,
  factory: () => Awaitable<AuthenticatorUnderTest>,
  { supports, limitSeconds }: Required<AuthenticatorConformanceOptions>,
  context: unknown,
): Promise<void> {
  const given = await factory();
  const ready = isPluginInstance(given.authenticator) ? await readyAuthenticator(given.authenticator) : null;
  try {
    const authenticator = ready?.authenticator ?? (given.authenticator as Authenticator);
    requireDeclared(authenticator, supports);
    if ((needs === 'refresh' || needs === 'routes') && !authenticator[needs]) return skip(context, needs);
    await run(subjectOf(given, authenticator, needs, limitSeconds, ready?.logged ?? []));
  } finally {
    await ready?.dispose();
    await given.dispose?.();
  }
}

function subjectOf(
  given: AuthenticatorUnderTest,
  authenticator: Authenticator,
  needs: keyof AuthenticatorSupports | undefined,
  limitSeconds: number,
  watched: readonly unknown[],
): Subject {
  const { valid, wrong, secrets = [], managesGroups = false } = given;
  if (needs === 'form' && !valid) {
    throw new Error('The factory gives no `valid` fields: declare `supports: { form: false }`.');
  }
  if (needs === 'refusal' && !(valid && wrong)) {
    throw new Error('The factory gives no `wrong` fields: declare `supports: { refusal: false }`.');
  }
  if ((needs === 'identity' || needs === 'refresh') && !valid && !given.identify) {
    throw new Error('The factory lets nobody in: give `valid` or `identify`.');
  }
  const enter: Subject['enter'] = (data) =>
    within(limitSeconds, 'authenticate', () =>
      authenticator.authenticate(formPost, Object.freeze({ ...data })),
    );
  return {
    authenticator,
    valid: valid ?? {},
    wrong: wrong ?? {},
    secrets: [...secrets, ...[valid?.password, valid?.otp].filter(isTelling)],
    managesGroups,
    limitSeconds,
    enter,
    async identify() {
      const identity = given.identify
        ? await within(limitSeconds, 'identify', () => given.identify?.() ?? null)
        : await enter(valid ?? {});
      assert.ok(
        identity,
        given.identify ? 'identify let nobody in' : 'the fields given as valid were refused',
      );
      return identity;
    },
    logged: () => [...watched, ...(given.logged?.() ?? [])],
  };
}

/** Shorter ones stand in other words by chance. */
function isTelling(secret: string | undefined): secret is string {
  return secret !== undefined && secret.length >= 5;
}

function requireDeclared(authenticator: Authenticator, supports: AuthenticatorSupports): void {
  for (const ability of ['refresh', 'routes'] as const) {
    const declared = supports[ability];
    if (declared === undefined || declared === (authenticator[ability] !== undefined)) continue;
    throw new Error(
      declared
        ? `\`supports\` says it has ${ability}, and it has not.`
        : `It has ${ability}: take \`${ability}: false\` out of \`supports\`.`,
    );
  }
}

/** A runner whose context can say so shows it as skipped; with others it counts as passed. */
function skip(context: unknown, ability: string): void {
  const isThing = (typeof context === 'object' && context !== null) || typeof context === 'function';
  if (!isThing || !('skip' in context) || typeof context.skip !== 'function') return;
  context.skip(`not supported: ${ability}`);
}
