import { packageBuild } from '../../tsup.base.ts';

export default packageBuild({
  index: 'src/index.ts',
  // Loaded into the proxy, from beside the bundle.
  'check-targets': 'src/check-targets.ts',
});
