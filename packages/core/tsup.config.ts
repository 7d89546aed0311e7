import { packageBuild } from '../../tsup.base.ts';

export default packageBuild({ index: 'src/index.ts', plugin: 'src/plugin/index.ts' });
