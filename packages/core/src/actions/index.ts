export * from './ask-again.ts';
export * from './change-user.ts';
export * from './create-users.ts';
export * from './disable-user.ts';
export * from './remove-user.ts';
export * from './user-hooks.ts';
