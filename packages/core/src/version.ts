import manifest from '../package.json' with { type: 'json' };

/** Version of this package. */
export const version: string = manifest.version;

/** The JupyterHub whose contract is kept; sent with every answer as `X-JupyterHub-Version` (R43, W85). */
export const compatibleVersion = '6.1.1';
