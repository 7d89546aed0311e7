import { readFileSync } from 'node:fs';

/** A page of the documentation that can be followed: its files and its commands, in order. */
export interface Page {
  /** Blocks with a file name behind their language: ```ts class-list.ts */
  readonly files: ReadonlyMap<string, string>;
  /** Lines of the blocks of `sh`. */
  readonly commands: readonly string[];
}

/** Reads what a page tells its reader to write and to run. */
export function readPage(file: string): Page {
  const blocks = [...readFileSync(file, 'utf8').matchAll(/^```(\w+)(?: (\S+))?\n(.*?)^```$/gms)];
  const named = blocks.flatMap(([, , name, text = '']) =>
    name === undefined ? [] : [[name, text] as const],
  );
  const commands = blocks.flatMap(([, language, name, text = '']) =>
    language === 'sh' && name === undefined ? text.trim().split('\n') : [],
  );
  return { files: new Map(named), commands };
}
