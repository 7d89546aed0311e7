/** Version of this package. */
export const version = '0.1.0';

/** The JupyterHub whose contract is kept; sent with every answer as `X-JupyterHub-Version` (R43, W85). */
export const compatibleVersion = '6.1.1';
