import { type FilterKind, formatScope, ownerOfServer, parseScope, serverFilterName } from './scope-text.ts';

/**
 * The stored scope after a user got another name: `!user=` and `!server=` filters follow (R63, our fix).
 * Text that is no scope is returned as it is.
 */
export function withUserRenamed(text: string, from: string, to: string): string {
  return renamed(text, (kind, name) => {
    if (kind === 'user' && name === from) return to;
    const ofUser = kind === 'server' && name.startsWith(`${from}/`);
    return ofUser ? serverFilterName(to, name.slice(from.length + 1)) : name;
  });
}

/** The stored scope after a server of `owner` got another name (R82, R147). */
export function withServerRenamed(text: string, owner: string, from: string, to: string): string {
  return renamed(text, (kind, name) =>
    kind === 'server' && name === serverFilterName(owner, from)
      ? serverFilterName(ownerOfServer(name), to)
      : name,
  );
}

function renamed(text: string, rename: (kind: FilterKind, name: string) => string): string {
  const parsed = parseScope(text);
  if (!parsed.ok || parsed.scope.filter.type !== 'named') return text;
  const { base, filter } = parsed.scope;
  return formatScope({ base, filter: { ...filter, name: rename(filter.kind, filter.name) } });
}
