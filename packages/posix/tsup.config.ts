import { packageBuild } from '../../tsup.base.ts';

export default packageBuild({
  index: 'src/index.ts',
  // A program, started from beside the bundle. The only place that loads koffi.
  'os-helper': 'src/os-helper/os-helper.ts',
  // Starts processes, from a memory so small that it is quick.
  'launcher-process': 'src/launcher/launcher-process.ts',
  // Another one, which stays with the process it launched.
  'session-keeper': 'src/pam-session/session-keeper.ts',
});
