import { isStoredFile, type JsonValue, type StoredFile } from '../plugin/index.ts';
import { isMap } from './overrides.ts';

/** Bytes of a file of a form that names no other limit. */
export const usualMaxBytes = 1_048_576;

const longestName = 255;

/** A file as options store it (P233). Of its name only the last part stays: it is a browser's word. */
export function storedFile(filename: string, contentType: string, body: Uint8Array): StoredFile {
  const data = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('base64');
  return {
    filename: plainName(filename),
    content_type: contentType || 'application/octet-stream',
    body: { __jupyterhub_bytes__: true, data },
  };
}

/**
 * What somebody gave for a file: over the API `{ "filename", "content_type", "data" }` with base64, which becomes a
 * stored one. Anything else stays what it is, and is no file unless it is a stored one.
 */
export function typedFile(value: JsonValue): JsonValue {
  const given: unknown = value;
  if (isStoredFile(given) || !isMap(given)) return value;
  const { filename = '', content_type: type = '', data, ...more } = given;
  const areTexts = typeof filename === 'string' && typeof type === 'string' && typeof data === 'string';
  if (!areTexts || Object.keys(more).length > 0) return value;
  const body = Buffer.from(data, 'base64');
  return body.toString('base64') === data ? storedFile(filename, type, body) : value;
}

/** How many bytes a stored file has. */
export function bytesIn({ body: { data } }: StoredFile): number {
  return Buffer.byteLength(data, 'base64');
}

/** `1.5 MB`, as people read it. */
export function inWords(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB'] as const;
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  return `${Number((bytes / 1024 ** power).toFixed(1))} ${units[power]}`;
}

function plainName(filename: string): string {
  const last = filename.split(/[/\\]/).at(-1) ?? '';
  return ['', '.', '..'].includes(last) ? 'file' : last.slice(0, longestName);
}
