import { packageBuild } from '../../tsup.base.ts';

export default packageBuild({
  index: 'src/index.ts',
  // Launched as a program by the spawner suite, from beside the bundle.
  'trivial-server': 'src/spawner-conformance/trivial-server.ts',
});
