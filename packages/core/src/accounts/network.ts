import { BlockList, isIP } from 'node:net';

/**
 * What counts as one address: an IPv4 address itself, of IPv6 the /64, whose every address one machine may take.
 * Anything else is taken as it is.
 */
export function networkOf(ip: string): string {
  const [address = '', zone] = ip.split('%', 2);
  if (isIP(address) !== 6) return ip;
  // The URL standard writes each IPv6 address in one way, the dotted form of its end included.
  const written = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [left = '', right] = written.split('::');
  const head = left === '' ? [] : left.split(':');
  const tail = right === undefined || right === '' ? [] : right.split(':');
  const zeros = right === undefined ? 0 : 8 - head.length - tail.length;
  const groups = [...head, ...Array<string>(zeros).fill('0'), ...tail];
  return `${groups.slice(0, 4).join(':')}::/64${zone === undefined ? '' : `%${zone}`}`;
}

/** Networks as settings name them: an address, or one with the number of its leading bits (`10.0.0.0/8`). */
export class Networks {
  readonly #list = new BlockList();
  /** Entries that are neither. */
  readonly unreadable: readonly string[];

  constructor(entries: readonly string[]) {
    this.unreadable = entries.filter((entry) => !this.#add(entry));
  }

  has(ip: string): boolean {
    const kind = isIP(ip);
    return kind !== 0 && this.#list.check(ip, kind === 6 ? 'ipv6' : 'ipv4');
  }

  #add(entry: string): boolean {
    const [address = '', bits] = entry.split('/', 2);
    const kind = isIP(address);
    if (kind === 0) return false;
    const family = kind === 6 ? 'ipv6' : 'ipv4';
    if (bits === undefined) {
      this.#list.addAddress(address, family);
      return true;
    }
    if (!/^\d{1,3}$/.test(bits) || Number(bits) > (kind === 6 ? 128 : 32)) return false;
    this.#list.addSubnet(address, Number(bits), family);
    return true;
  }
}
