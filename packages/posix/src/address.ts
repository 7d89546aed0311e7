import { isIP, isIPv6 } from 'node:net';
import { endianness } from 'node:os';

/** Where a socket bound to `address` is reached from this machine: "any address" is none to connect to. */
export function reachable(address: string): string {
  if (address === '' || address === '0.0.0.0') return '127.0.0.1';
  return address === '::' ? '::1' : address;
}

/** The `http://` origin of an address and port; IPv6 stands in brackets (P201). */
export function httpOrigin(address: string, port: number): string {
  return `http://${isIPv6(address) ? `[${address}]` : address}:${port}`;
}

/** Does a socket bound to `bound` get what is sent to `address`? Host names may mean anything: yes. */
export function overlaps(bound: string, address: string): boolean {
  if (isIP(address) === 0 || anyAddress.has(address) || anyAddress.has(bound)) return true;
  return canonical(bound) === canonical(address) || canonical(bound) === canonical(`::ffff:${address}`);
}

const anyAddress: ReadonlySet<string> = new Set(['0.0.0.0', '::']);

/** An address as `/proc/net/tcp{,6}` writes it: 32-bit words in the machine's byte order, as hex digits. */
export function fromProcHex(hex: string): string {
  const words = Buffer.from(hex, 'hex');
  const bytes = endianness() === 'LE' ? words.swap32() : words;
  if (bytes.length === 4) return [...bytes].join('.');
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(index * 2).toString(16));
  return canonical(groups.join(':'));
}

/** The one spelling of an address the URL standard allows. */
function canonical(address: string): string {
  const host = isIPv6(address) ? `[${address}]` : address;
  return URL.parse(`http://${host}`)?.hostname.replace(/^\[|\]$/g, '') ?? address;
}
