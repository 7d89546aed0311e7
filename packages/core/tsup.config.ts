import { packageBuild } from '../../tsup.base.ts';

export default packageBuild(
  { index: 'src/index.ts', plugin: 'src/plugin/index.ts' },
  // Goes into the package with the patch of patches/: unpatched, it ends the hub when the database goes away in
  // the middle of a transaction.
  { noExternal: ['postgres'] },
);
