export * from './create-users.ts';
export * from './remove-user.ts';
export * from './user-hooks.ts';
