import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

/**
 * One hash over the contents of files and folders; what does not exist counts as absent.
 * @param {readonly string[]} places files or folders
 * @param {{ skip?: RegExp, more?: readonly string[] }} [options] `skip`: names left out; `more`: other facts that count
 */
export async function fingerprint(places, { skip, more = [] } = {}) {
  const hash = createHash('sha256');
  for (const fact of more) hash.update(`${fact}\0`);
  for (const place of places)
    for (const file of await filesBelow(place, skip)) {
      hash.update(`${file}\0`);
      hash.update(await readFile(file).catch(() => ''));
      hash.update('\0');
    }
  return hash.digest('hex');
}

async function filesBelow(place, skip) {
  const entries = await readdir(place, { withFileTypes: true }).catch(() => null);
  if (!entries) return [place];
  const kept = entries.filter((entry) => !skip?.test(entry.name)).sort((a, b) => (a.name < b.name ? -1 : 1));
  const found = [];
  for (const entry of kept) found.push(...(await filesBelow(path.join(place, entry.name), skip)));
  return found;
}

/**
 * Does `work` unless it was done for the same `state`. The stamp is taken away first, so that work which was
 * broken off is done again.
 * @param {string} stamp file that remembers
 * @param {() => Promise<string>} state fingerprint of what the work depends on; asked again afterwards
 * @param {(before: string | null) => Promise<void>} work `before`: the state it was last done for
 */
export async function unlessDone(stamp, state, work) {
  const before = await readFile(stamp, 'utf8').catch(() => null);
  if (before !== null && before === (await state())) return;
  await rm(stamp, { force: true });
  await work(before);
  await mkdir(path.dirname(stamp), { recursive: true });
  await writeFile(stamp, await state());
}
