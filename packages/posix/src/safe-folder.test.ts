import {
  chmodSync,
  chownSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { makeFolderFor, requireSafeFolder } from './safe-folder.ts';

const ada = { uid: 54_321, gid: 54_321 };
let root: string;

beforeEach(({ skip }) => {
  skip(process.getuid?.() !== 0, 'only as root: folders are given to another account');
  root = mkdtempSync(join(tmpdir(), 'hub-safe-'));
  chmodSync(root, 0o755);
});
afterEach(() => {
  if (root) rmSync(root, { recursive: true, force: true });
});

const folder = (name: string, owner = 0, mode = 0o755): string => {
  const path = join(root, name);
  mkdirSync(path);
  chownSync(path, owner, owner);
  chmodSync(path, mode);
  return path;
};
const there = (path: string) => statSync(path, { throwIfNoEntry: false }) !== undefined;

it('a folder below one of root is made for an account and given to it', () => {
  makeFolderFor(ada, join(folder('home'), 'ada'));
  const { uid, mode } = statSync(join(root, 'home/ada'));
  expect([uid, mode & 0o777]).toEqual([ada.uid, 0o700]);
});

it("a link in somebody's own folder leads root nowhere, however safe the place behind it is", () => {
  const home = folder('ada', ada.uid, 0o700);
  const etc = folder('etc');
  symlinkSync(etc, join(home, 'work'));
  expect(() => makeFolderFor(ada, join(home, 'work/notebooks'))).toThrow(
    `is not safe for root: ${home} belongs to uid ${ada.uid}`,
  );
  expect(there(join(etc, 'notebooks'))).toBe(false);
});

it('nor does one that was put into a folder for everybody', () => {
  const tmp = folder('tmp', 0, 0o1777);
  const etc = folder('etc');
  symlinkSync(etc, join(tmp, 'hub'));
  expect(() => requireSafeFolder(join(tmp, 'hub'))).not.toThrow(); // root's own link
  rmSync(join(tmp, 'hub'));
  symlinkSync(etc, join(tmp, 'hub'));
  lchownSync(join(tmp, 'hub'), ada.uid, ada.gid);
  expect(() => requireSafeFolder(join(tmp, 'hub'))).toThrow(`${join(tmp, 'hub')} belongs to uid ${ada.uid}`);
});

it("links of root's in folders of root's are followed, those in circles are not", () => {
  folder('data');
  symlinkSync('../data/./x/..', join(folder('srv'), 'home'));
  mkdirSync(join(root, 'data/x'));
  makeFolderFor(ada, join(root, 'srv/home/ada'));
  expect(statSync(join(root, 'data/ada')).uid).toBe(ada.uid);

  symlinkSync('b', join(root, 'a'));
  symlinkSync('a', join(root, 'b'));
  expect(() => requireSafeFolder(join(root, 'a'))).toThrow('ELOOP');
});
