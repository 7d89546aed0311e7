import koffi from 'koffi';

/** An address in the memory of this process. */
export type Pointer = bigint;

// What this program itself was linked with: the file of the C library has another name on other distributions.
const libc = koffi.load(null);
const calloc: (count: number, size: number) => Pointer | null = libc.func(
  'void *calloc(size_t count, size_t size)',
);
const memcpy: (to: Pointer, from: Uint8Array, size: number) => void = libc.func(
  'void *memcpy(void *to, const void *from, size_t size)',
);
const strlen: (text: Pointer) => number | bigint = libc.func('size_t strlen(const void *text)');

/** Zeroed memory of C's, which the receiver frees. Throws when there is none. */
export function allocate(count: number, size: number): Pointer {
  const memory = calloc(count, size);
  if (!memory) throw new Error('out of memory');
  return memory;
}

/** A C text in memory of C's, which the receiver frees. */
export function textForC(bytes: Uint8Array): Pointer {
  const memory = allocate(bytes.length + 1, 1);
  // koffi refuses arrays without elements.
  if (bytes.length > 0) memcpy(memory, bytes, bytes.length);
  return memory;
}

/** The bytes with the NUL that C wants behind them, for the time of one call. */
export function withNul(bytes: Uint8Array | string): Uint8Array {
  const text = typeof bytes === 'string' ? Buffer.from(bytes) : bytes;
  const copy = new Uint8Array(text.length + 1);
  copy.set(text);
  return copy;
}

/** A copy of a C text's bytes, without the NUL. */
export function bytesOf(text: Pointer): Uint8Array {
  const length = Number(strlen(text));
  return length === 0 ? new Uint8Array() : new Uint8Array(koffi.view(text, length)).slice();
}
