import koffi from 'koffi';
import { type Pointer, withNul } from './c-memory.ts';
import type { Account, Group } from './name-service-types.ts';

const libc = koffi.load(null);

const passwd = koffi.struct({
  name: 'char *',
  password: 'char *',
  uid: 'uint32_t',
  gid: 'uint32_t',
  gecos: 'char *',
  home: 'char *',
  shell: 'char *',
});
const group = koffi.struct({ name: 'char *', password: 'char *', gid: 'uint32_t', members: 'void *' });

type Found = { -readonly [K in keyof Account]?: Account[K] | null };
type FoundGroup = { name?: string | null; gid?: number };
type Lookup<Key, Record> = (
  key: Key,
  record: Record,
  buffer: Pointer,
  size: number,
  result: (Pointer | null)[],
) => number;

const byName = 'const void *';
const out = (type: ReturnType<typeof koffi.struct>) => koffi.out(koffi.pointer(type));
const result = koffi.out(koffi.pointer('void *'));

const getpwnam: Lookup<Uint8Array, Found> = libc.func('getpwnam_r', 'int', [
  byName,
  out(passwd),
  'void *',
  'size_t',
  result,
]);
const getpwuid: Lookup<number, Found> = libc.func('getpwuid_r', 'int', [
  'uint32_t',
  out(passwd),
  'void *',
  'size_t',
  result,
]);
const getgrnam: Lookup<Uint8Array, FoundGroup> = libc.func('getgrnam_r', 'int', [
  byName,
  out(group),
  'void *',
  'size_t',
  result,
]);
const getgrgid: Lookup<number, FoundGroup> = libc.func('getgrgid_r', 'int', [
  'uint32_t',
  out(group),
  'void *',
  'size_t',
  result,
]);
const getgrouplist: (user: Uint8Array, gid: number, groups: Uint32Array, count: number[]) => number =
  libc.func('getgrouplist', 'int', [
    byName,
    'uint32_t',
    koffi.out(koffi.pointer('uint32_t')),
    koffi.inout(koffi.pointer('int')),
  ]);
const strerror: (code: number) => string = libc.func('const char *strerror(int code)');

/** The account of a name, given in the bytes PAM knows it by; null when there is none. */
export function accountByName(name: Uint8Array | string): Account | null {
  return account(look('account', getpwnam, withNul(name)));
}

/** The account of a number; null when there is none. */
export function accountById(uid: number): Account | null {
  return account(look('account', getpwuid, uid));
}

/** The group of a name; null when there is none. */
export function groupByName(name: string): Group | null {
  const found = look('group', getgrnam, withNul(name));
  return found && { name: found.name ?? null, gid: found.gid ?? 0 };
}

/** All groups of an account, the primary one first; null when there is no such account. */
export function groupsOf(name: string): readonly Group[] | null {
  const user = accountByName(name);
  if (!user) return null;
  for (let size = 64; ; size *= 4) {
    const groups = new Uint32Array(size);
    const count = [size];
    if (getgrouplist(withNul(user.name), user.gid, groups, count) < 0 && size < mostGroups) continue;
    const gids = [...new Set([user.gid, ...groups.subarray(0, count[0])])];
    return gids.map((gid) => ({ gid, name: look('group', getgrgid, gid)?.name ?? null }));
  }
}

/** What Linux allows a process. */
const mostGroups = 65_536;

// Texts of an answer lie in here; a group's holds all of its members, whom nobody asked for.
let size = 16_384;
let buffer: Pointer = koffi.alloc('char', size);

/**
 * Asks, with more room as long as there is too little. Null when there is no such thing; throws when the name
 * service could not find out, so that nobody is taken for unknown while it is down.
 */
function look<Key, Record extends object>(
  what: string,
  lookup: Lookup<Key, Record>,
  key: Key,
): Record | null {
  for (;;) {
    const record = {} as Record; // filled in by the call
    const found: (Pointer | null)[] = [null];
    const code = lookup(key, record, buffer, size, found);
    if (code === 0) return found[0] ? record : null;
    if (code === koffi.os.errno.ENOENT || code === koffi.os.errno.ESRCH) return null;
    if (code === koffi.os.errno.EINTR) continue;
    if (code !== koffi.os.errno.ERANGE || size >= mostRoom) {
      throw new Error(`the name service could not look up the ${what}: ${strerror(code)}`);
    }
    koffi.free(buffer);
    size *= 4;
    buffer = koffi.alloc('char', size);
  }
}

const mostRoom = 64 * 1024 * 1024;

function account(found: Found | null): Account | null {
  if (!found?.name) return null;
  return {
    name: found.name,
    uid: found.uid ?? 0,
    gid: found.gid ?? 0,
    gecos: found.gecos ?? '',
    home: found.home || '/',
    shell: found.shell || '/bin/sh',
  };
}
