export { checkConfig } from './check-config.ts';
export { checkPlugin } from './check-options.ts';
export {
  defineHub,
  type GroupConfig,
  type HubConfig,
  type RoleConfig,
  type Settings,
  settingsSchema,
} from './config.ts';
export { createHub, type Machine } from './create-hub.ts';
export { type Examined, examineConfig } from './examine-config.ts';
export type { HubHooks } from './hooks.ts';
export type { Hub, StopOptions } from './hub.ts';
export { type HubData, openHubData, stopHubDatabase } from './open-data.ts';
export { services } from './tokens.ts';
