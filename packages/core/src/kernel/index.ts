export * from './changes.ts';
export * from './deadline.ts';
export * from './events.ts';
export * from './ids.ts';
export * from './leases.ts';
export * from './secrets.ts';
export * from './system-clock.ts';
export * from './unit-of-work.ts';
