import type { AuthenticatorInstance } from '../accounts/index.ts';
import { HubError, type LoginWay } from '../plugin/index.ts';
import type { AuthenticatorAddresses } from './authenticator-addresses.ts';
import type { PagePlaces } from './deps.ts';

/** How people may sign in: forms first, then buttons, each in the order of the configuration. */
export function loginWays(
  authenticators: readonly AuthenticatorInstance[],
  addresses: AuthenticatorAddresses,
  places: Pick<PagePlaces, 'hubPrefix'>,
  next: string,
): readonly LoginWay[] {
  const first = authenticators.find(hasForm);
  const ways = authenticators.flatMap((instance): LoginWay[] => {
    const { id, authenticator } = instance;
    const { login } = authenticator;
    if ('form' in login) {
      const { title = null, fields, html = null } = login.form;
      const which = instance === first ? '' : `authenticator=${encodeURIComponent(id)}&`;
      const action = `${places.hubPrefix}login?${which}next=${encodeURIComponent(next)}`;
      const list = fields.map((field) => (typeof field === 'string' ? { name: field } : field));
      return [{ kind: 'form', id, title, fields: list, formHtml: html, action, hidden: {} }];
    }
    const href = authenticatorUrl(addresses, instance, next || null);
    return href !== null && 'button' in login
      ? [{ kind: 'button', id, label: login.button.label, href }]
      : [];
  });
  return [...ways.filter(({ kind }) => kind === 'form'), ...ways.filter(({ kind }) => kind === 'button')];
}

/** Where an authenticator's button leads, `null` for one without. `next` goes along when there is one (W24). */
export function authenticatorUrl(
  addresses: AuthenticatorAddresses,
  { id, authenticator: { login } }: AuthenticatorInstance,
  next: string | null,
): string | null {
  if (!('button' in login)) return null;
  const path = addresses.pathOf(id, login.button.path);
  if (next === null) return path;
  return `${path}${path.includes('?') ? '&' : '?'}next=${encodeURIComponent(next)}`;
}

/**
 * The authenticator whose form was sent: the one named, else the first that has a form. Throws a HubError 404 for
 * one that shows none: its `authenticate` expects other things; 403 where none does (P163).
 */
export function formOf(authenticators: readonly AuthenticatorInstance[], named: string | undefined): string {
  const found = authenticators.find(
    (instance) => hasForm(instance) && (named === undefined || instance.id === named),
  );
  if (found) return found.id;
  if (named === undefined) throw new HubError('HUB_FORBIDDEN', 'Nobody signs in here by a form.');
  throw new HubError('HUB_NOT_FOUND', 'There is no such way to sign in.');
}

function hasForm({ authenticator }: AuthenticatorInstance): boolean {
  return 'form' in authenticator.login;
}
