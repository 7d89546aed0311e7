import { createHmac } from 'node:crypto';
import { equalSecrets } from '../kernel/index.ts';

/** What {@link readSignedValue} checks a text against. */
export interface SignedValueCheck {
  /** Older values count as absent. */
  readonly maxAgeDays: number;
  readonly now: Date;
}

const secondsPerDay = 86_400;

/**
 * Signs `value` under `name` in Tornado's signed value format, version 2 (W43), so that cookies set by a Python
 * hub with the same secret stay valid. The value is readable by whoever holds it; only changing it is prevented.
 */
export function createSignedValue(secret: Uint8Array, name: string, value: string, now: Date): string {
  const fields = [
    '0', // the version of the key; there is one key
    String(Math.floor(now.getTime() / 1000)),
    name,
    Buffer.from(value, 'utf8').toString('base64'),
  ];
  const signed = `2|${fields.map((field) => `${Buffer.byteLength(field)}:${field}|`).join('')}`;
  return signed + signature(secret, signed);
}

/** The value signed under `name`, or `null` when the signature, the name, the age or the format is not right. */
export function readSignedValue(
  secret: Uint8Array,
  name: string,
  text: string,
  { maxAgeDays, now }: SignedValueCheck,
): string | null {
  const fields = splitFields(text);
  if (!fields || !equalSecrets(fields.signature, signature(secret, fields.signed))) return null;
  if (fields.name !== name || !/^\d{1,15}$/.test(fields.time)) return null;
  if (Number(fields.time) < now.getTime() / 1000 - maxAgeDays * secondsPerDay) return null;
  return Buffer.from(fields.value, 'base64').toString('utf8');
}

/** A signed value holds `|` and `=`, so it stands in double quotes where it becomes a cookie (W43). */
export function quoteCookieValue(value: string): string {
  return `"${value}"`;
}

/** Takes one pair of double quotes away, if there is one. */
export function unquoteCookieValue(value: string): string {
  return value.length >= 2 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value;
}

function signature(secret: Uint8Array, signed: string): string {
  return createHmac('sha256', secret).update(signed, 'utf8').digest('hex');
}

/** Fields carry their length in bytes, so that a name holding `|` cannot pose as two fields. */
function splitFields(text: string) {
  if (!text.startsWith('2|')) return null;
  let rest = Buffer.from(text, 'utf8').subarray(2);
  const fields: string[] = [];
  while (fields.length < 4) {
    const length = /^(\d{1,6}):/.exec(rest.subarray(0, 7).toString('latin1'));
    if (!length) return null;
    const start = length[0].length;
    const end = start + Number(length[1]);
    if (rest[end] !== 0x7c) return null;
    fields.push(rest.subarray(start, end).toString('utf8'));
    rest = rest.subarray(end + 1);
  }
  const [, time = '', name = '', value = ''] = fields;
  const passed = rest.toString('utf8');
  return { time, name, value, signature: passed, signed: text.slice(0, text.length - passed.length) };
}
