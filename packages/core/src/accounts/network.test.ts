import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Networks, networkOf } from './network.ts';

describe('what counts as one address', () => {
  it.each([
    ['192.0.2.7', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:DB8:1:2::6', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['::', '0:0:0:0::/64'],
    ['1::', '1:0:0:0::/64'],
    ['64:ff9b::192.0.2.7', '64:ff9b:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64%eth0'],
    ['', ''],
    ['somewhere', 'somewhere'],
  ])('%s is %s', (ip, network) => {
    expect(networkOf(ip)).toBe(network);
  });

  it('is the same for all of a /64 and another for its neighbour', () => {
    const group = fc.integer({ min: 0, max: 0xffff });
    const groups = (count: number) => fc.array(group, { minLength: count, maxLength: count });
    const text = (parts: readonly number[]) => parts.map((part) => part.toString(16)).join(':');
    fc.assert(
      fc.property(groups(4), groups(4), groups(4), (head, one, other) => {
        const network = networkOf(text([...head, ...one]));
        expect(networkOf(text([...head, ...other]))).toBe(network);
        const [first = 0, ...rest] = head;
        expect(networkOf(text([first ^ 1, ...rest, ...one]))).not.toBe(network);
      }),
    );
  });
});

describe('networks of the settings', () => {
  it('hold addresses and what lies below a number of bits', () => {
    const networks = new Networks(['192.0.2.0/24', '10.1.2.3', '2001:db8::/32']);
    expect(networks.unreadable).toEqual([]);
    expect(['192.0.2.200', '10.1.2.3', '2001:db8:ffff::1'].every((ip) => networks.has(ip))).toBe(true);
    expect(['192.0.3.1', '10.1.2.4', '2001:db9::1', '', 'junk'].some((ip) => networks.has(ip))).toBe(false);
  });

  it('name what cannot be read', () => {
    const wrong = ['campus', '10.0.0.0/33', '10.0.0.0/', '::/129', '10.0.0.0/8x', ''];
    expect(new Networks(wrong).unreadable).toEqual(wrong);
  });
});
