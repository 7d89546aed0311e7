import { HubError } from '../plugin/index.ts';

const units: Readonly<Record<string, number>> = { '': 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3, T: 1024 ** 4 };

/** `1.5G` → 1610612736. Capital K, M, G, T count in 1024s (contract P2xx, section 2.1). */
export function byteSize(value: string | number): number {
  if (typeof value === 'number') return Math.trunc(value);
  const match = /^(\d+(?:\.\d+)?)([KMGT]?)$/.exec(value.trim());
  const [, amount, unit] = match ?? [];
  const factor = units[unit ?? ''];
  if (amount === undefined || factor === undefined) {
    throw new HubError(
      'HUB_CONFIG_INVALID',
      `"${value}" is not a size: write bytes, or a number with K, M, G or T.`,
    );
  }
  return Math.trunc(Number(amount) * factor);
}
