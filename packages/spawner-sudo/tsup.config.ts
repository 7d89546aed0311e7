import { packageBuild } from '../../tsup.base.ts';

export default packageBuild({
  index: 'src/index.ts',
  // A program that is copied to where only root may write: it imports nothing, so that it stays one file.
  'hub-sudo-mediator': 'src/hub-sudo-mediator.ts',
});
