import type { Authenticator } from '../plugin/index.ts';

/** How names are written and which are accepted, for one authenticator. */
export interface UserNames {
  /** The name as the hub writes it, and how it was before the configured map changed it (P107). */
  normalise(name: string): Promise<{ readonly name: string; readonly unmapped: string }>;
  /** May a user be called so (P108)? Asked of normalised names. */
  isValid(name: string): boolean;
}

/** Settings that concern names. */
export interface UserNameSettings {
  /** A regular expression the whole name must match. */
  readonly userNamePattern?: string | undefined;
  /** Names as they come, in lower case → names as the hub has them; `github:ada-l` for another authenticator. */
  readonly nameMap?: Readonly<Record<string, string>> | undefined;
}

/** The rules for the names that one authenticator brings; `null` stands for names nobody brought. */
export function userNames(
  settings: UserNameSettings,
  plugin: { readonly id: string; readonly isFirst: boolean; readonly authenticator: Authenticator } | null,
): UserNames {
  const pattern = settings.userNamePattern ? new RegExp(`^(?:${settings.userNamePattern})$`, 'u') : null;
  const map = new Map(Object.entries(settings.nameMap ?? {}).map(([from, to]) => [from.toLowerCase(), to]));
  const authenticator = plugin?.authenticator;

  return {
    async normalise(name) {
      const unmapped = authenticator?.normalizeName
        ? await authenticator.normalizeName(name)
        : name.toLowerCase();
      const key = unmapped.toLowerCase();
      const forPlugin = plugin ? map.get(`${plugin.id.toLowerCase()}:${key}`) : undefined;
      const forFirst = plugin?.isFirst === false ? undefined : map.get(key);
      return { name: forPlugin ?? forFirst ?? unmapped, unmapped };
    },
    isValid: (name) =>
      isPossibleName(name) &&
      (pattern === null || pattern.test(name)) &&
      (authenticator?.validateName?.(name) ?? true),
  };
}

/**
 * Can anybody at all be called so (P108)? Not with a slash, empty, with blanks around, or only of dots, also when
 * these are percent-encoded: such a name would change the path it stands in. At most 255 characters.
 */
export function isPossibleName(name: string): boolean {
  if (name === '' || name.length > 255 || name !== name.trim()) return false;
  if (name.includes('/') || name.includes('\0') || !name.isWellFormed()) return false;
  return !/^\.+$/.test(name.replace(/%2e/gi, '.'));
}
