import { sql } from 'drizzle-orm';
import { bigint, boolean, index, jsonb, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import type { JsonObject } from '../../plugin/index.ts';
import { bytewise, instant } from './columns.ts';

export const users = pgTable(
  'users',
  {
    id: bigint({ mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    name: bytewise().notNull().unique('users_name'),
    admin: boolean().notNull().default(false),
    disabled: boolean().notNull().default(false),
    /** The configuration keeps this user out (P617): like `disabled`, until a configuration says otherwise. */
    blocked: boolean().notNull().default(false),
    userInfo: jsonb('user_info').$type<JsonObject>(),
    /** What the API stored for a user without an identity; otherwise it stands with the identity. */
    sealedAuthState: text('sealed_auth_state'),
    /** Raised with every change of what this user may do: memberships, shares, admin flag, direct roles. */
    accessVersion: bigint('access_version', { mode: 'number' }).notNull().default(0),
    created: instant().notNull().default(sql`hub_now()`),
    lastActivity: instant('last_activity'),
  },
  (table) => [
    // R52: ascending puts those never seen first, descending last.
    index('users_last_activity').on(sql`${table.lastActivity} ASC NULLS FIRST`, table.id),
    index('users_kept_out').on(table.id).where(sql`${table.disabled} OR ${table.blocked}`),
  ],
);

/** Who a user is at an authenticator: a user name is only what this maps to. */
export const identities = pgTable(
  'identities',
  {
    userId: bigint('user_id', { mode: 'number' })
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    authenticator: text().notNull(),
    subject: bytewise().notNull(),
    /** What the authenticator keeps of this identity, encrypted. */
    sealedAuthState: text('sealed_auth_state'),
    signedInAt: instant('signed_in_at'),
    /** When the authenticator was last asked whether this still holds; a sign-in counts. */
    refreshedAt: instant('refreshed_at'),
    /** A hub asks it now; one that died meanwhile lets go after a while. */
    refreshingSince: instant('refreshing_since'),
  },
  (table) => [
    primaryKey({ columns: [table.authenticator, table.subject] }),
    index('identities_user').on(table.userId),
  ],
);

export const groups = pgTable('groups', {
  id: bigint({ mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
  name: bytewise().notNull().unique('groups_name'),
  properties: jsonb().$type<JsonObject>().notNull().default({}),
});

export const memberships = pgTable(
  'memberships',
  {
    groupId: bigint('group_id', { mode: 'number' })
      .notNull()
      .references(() => groups.id, { onDelete: 'cascade' }),
    userId: bigint('user_id', { mode: 'number' })
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
  },
  (table) => [
    primaryKey({ columns: [table.groupId, table.userId] }),
    index('memberships_user').on(table.userId),
  ],
);

export const roles = pgTable('roles', {
  id: bigint({ mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
  name: bytewise().notNull().unique('roles_name'),
  description: text().notNull().default(''),
  scopes: jsonb().$type<readonly string[]>().notNull().default([]),
  managedByAuth: boolean('managed_by_auth').notNull().default(false),
});

/** A service as an account: it holds roles and tokens. */
export const services = pgTable('services', {
  id: bigint({ mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
  name: bytewise().notNull().unique('services_name'),
  admin: boolean().notNull().default(false),
  url: text(),
  info: jsonb().$type<JsonObject>().notNull().default({}),
  display: boolean().notNull().default(true),
  timeout: bigint({ mode: 'number' }).notNull().default(30),
  fromConfig: boolean('from_config').notNull().default(true),
  oauthNoConfirm: boolean('oauth_no_confirm').notNull().default(false),
  accessVersion: bigint('access_version', { mode: 'number' }).notNull().default(0),
});

const roleId = () =>
  bigint('role_id', { mode: 'number' })
    .notNull()
    .references(() => roles.id, { onDelete: 'cascade' });

export const userRoles = pgTable(
  'user_roles',
  {
    userId: bigint('user_id', { mode: 'number' })
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    roleId: roleId(),
    managedByAuth: boolean('managed_by_auth').notNull().default(false),
  },
  (table) => [
    primaryKey({ columns: [table.userId, table.roleId] }),
    index('user_roles_role').on(table.roleId),
  ],
);

export const groupRoles = pgTable(
  'group_roles',
  {
    groupId: bigint('group_id', { mode: 'number' })
      .notNull()
      .references(() => groups.id, { onDelete: 'cascade' }),
    roleId: roleId(),
    managedByAuth: boolean('managed_by_auth').notNull().default(false),
  },
  (table) => [
    primaryKey({ columns: [table.groupId, table.roleId] }),
    index('group_roles_role').on(table.roleId),
  ],
);

export const serviceRoles = pgTable(
  'service_roles',
  {
    serviceId: bigint('service_id', { mode: 'number' })
      .notNull()
      .references(() => services.id, { onDelete: 'cascade' }),
    roleId: roleId(),
    managedByAuth: boolean('managed_by_auth').notNull().default(false),
  },
  (table) => [
    primaryKey({ columns: [table.serviceId, table.roleId] }),
    index('service_roles_role').on(table.roleId),
  ],
);
