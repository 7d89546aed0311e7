import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import nunjucks from 'nunjucks';

const shippedPrefix = 'templates/';

/**
 * Finds templates as W119 says: the site's folders in order, then the shipped one; `templates/<name>` is always
 * the shipped original, so that an override can extend it.
 */
export class TemplateLoader extends nunjucks.Loader {
  readonly #siteFolders: readonly string[];
  readonly #shippedFolder: string;

  constructor(siteFolders: readonly string[], shippedFolder: string) {
    super();
    this.#siteFolders = siteFolders.map((folder) => path.resolve(folder));
    this.#shippedFolder = shippedFolder;
  }

  /** Is there a template of this name? */
  has(name: string): boolean {
    return this.#find(name) !== null;
  }

  /** Called by nunjucks; null when there is none. */
  getSource(name: string): nunjucks.LoaderSource {
    const file = this.#find(name);
    if (file) return { src: readFileSync(file, 'utf8'), path: file, noCache: false };
    // nunjucks answers "template not found" to null; its types leave that out.
    return null as unknown as nunjucks.LoaderSource;
  }

  #find(name: string): string | null {
    if (!isPlainName(name)) return null;
    const asksForOriginal = name.startsWith(shippedPrefix);
    const candidates = asksForOriginal
      ? [path.join(this.#shippedFolder, name.slice(shippedPrefix.length))]
      : [...this.#siteFolders, this.#shippedFolder].map((folder) => path.join(folder, name));
    return candidates.find((file) => statSync(file, { throwIfNoEntry: false })?.isFile()) ?? null;
  }
}

/** A path below the folder it is looked for in, whatever the system's separator. */
function isPlainName(name: string): boolean {
  if (name === '' || name.includes('\0') || name.includes('\\') || path.isAbsolute(name)) return false;
  return !name.split('/').includes('..');
}
