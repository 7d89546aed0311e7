export { chpProxy } from './chp-proxy.ts';
export { type ChpOptions, chpOptions } from './options.ts';
