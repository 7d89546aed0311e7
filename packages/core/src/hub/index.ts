export { checkConfig } from './check-config.ts';
export {
  defineHub,
  type GroupConfig,
  type HubConfig,
  type RoleConfig,
  type Settings,
  settingsSchema,
} from './config.ts';
export { createHub, type Machine } from './create-hub.ts';
export type { Hub, StopOptions } from './hub.ts';
export { services } from './tokens.ts';
