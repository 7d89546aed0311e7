import type { Awaitable } from '@hub/core/plugin';
import { formCases } from './form-cases.ts';
import { generalCases } from './general-cases.ts';
import type {
  AuthenticatorCase,
  AuthenticatorSupports,
  AuthenticatorTestFunction,
  AuthenticatorUnderTest,
} from './under-test.ts';

/**
 * Registers one test per promise an authenticator makes (P101–P118). Any runner works.
 *
 * @example
 * authenticatorConformance(it, () => ({
 *   authenticator: myAuthenticator(),
 *   valid: { username: 'ada', password: 'right' },
 *   wrong: { username: 'ada', password: 'wrong' },
 * }));
 */
export function authenticatorConformance(
  it: AuthenticatorTestFunction,
  factory: () => Awaitable<AuthenticatorUnderTest>,
  { supports = {} }: { readonly supports?: AuthenticatorSupports } = {},
): void {
  const able = { form: true, ...supports, refusal: supports.refusal ?? supports.form ?? true };
  for (const one of [...generalCases, ...formCases]) {
    const run = () => runCase(one, factory);
    if (!one.needs || able[one.needs]) it(one.name, run);
    else it.skip?.(`${one.name} [not supported: ${one.needs}]`, run);
  }
}

async function runCase(
  { needs, run }: AuthenticatorCase,
  factory: () => Awaitable<AuthenticatorUnderTest>,
): Promise<void> {
  const { authenticator, valid, wrong, dispose } = await factory();
  try {
    if (needs && !valid)
      throw new Error('The factory gives no `valid` fields: declare `supports: { form: false }`.');
    if (needs === 'refusal' && !wrong) {
      throw new Error('The factory gives no `wrong` fields: declare `supports: { refusal: false }`.');
    }
    await run({ authenticator, valid: valid ?? {}, wrong: wrong ?? {} });
  } finally {
    await dispose?.();
  }
}
