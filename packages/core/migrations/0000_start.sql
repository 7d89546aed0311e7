-- Time as all hubs see it: the database's clock, plus an offset that only test databases hold.
CREATE FUNCTION hub_now() RETURNS timestamp with time zone LANGUAGE plpgsql VOLATILE PARALLEL SAFE AS $$
DECLARE seconds double precision;
BEGIN
	SELECT (value #>> '{}')::double precision INTO seconds FROM settings WHERE key = 'clock_offset';
	RETURN clock_timestamp() + coalesce(seconds, 0) * interval '1 second';
END
$$;
--> statement-breakpoint
CREATE TABLE "hubs" (
	"id" text PRIMARY KEY NOT NULL,
	"host" text NOT NULL,
	"place" text NOT NULL,
	"pid" integer NOT NULL,
	"process_start" text NOT NULL,
	"version" text NOT NULL,
	"listen_url" text NOT NULL,
	"connect_url" text NOT NULL,
	"configuration" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"spawners" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"started_at" timestamp with time zone NOT NULL,
	"lease_until" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "leases" (
	"name" text PRIMARY KEY NOT NULL,
	"owner" text,
	"fence" bigint DEFAULT 0 NOT NULL
);
--> statement-breakpoint
CREATE TABLE "settings" (
	"key" text PRIMARY KEY NOT NULL,
	"value" jsonb NOT NULL
);
--> statement-breakpoint
CREATE TABLE "server_events" (
	"server_id" bigint NOT NULL,
	"attempt" integer NOT NULL,
	"seq" integer NOT NULL,
	"event" jsonb NOT NULL,
	"at" timestamp with time zone DEFAULT hub_now() NOT NULL,
	CONSTRAINT "server_events_server_id_attempt_seq_pk" PRIMARY KEY("server_id","attempt","seq")
);
--> statement-breakpoint
CREATE TABLE "servers" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "servers_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"user_id" bigint NOT NULL,
	"name" text COLLATE "C" NOT NULL,
	"display_name" text DEFAULT '' NOT NULL,
	"phase" text DEFAULT 'stopped' NOT NULL,
	"attempt" integer DEFAULT 0 NOT NULL,
	"fence" bigint DEFAULT 0 NOT NULL,
	"owner" text,
	"spawner" text NOT NULL,
	"host" text,
	"user_options" jsonb,
	"state" jsonb,
	"target" text,
	"token_id" bigint,
	"oauth_client_id" text,
	"queue_class" integer DEFAULT 0 NOT NULL,
	"requested_at" timestamp with time zone,
	"queued_at" timestamp with time zone,
	"starting_at" timestamp with time zone,
	"ready_at" timestamp with time zone,
	"stopping_at" timestamp with time zone,
	"take_overs" integer DEFAULT 0 NOT NULL,
	"failure" jsonb,
	"remove_when_stopped" boolean DEFAULT false NOT NULL,
	"stop_tries" integer DEFAULT 0 NOT NULL,
	"retry_at" timestamp with time zone,
	"peer_version" text,
	"last_activity" timestamp with time zone,
	"created" timestamp with time zone DEFAULT hub_now() NOT NULL,
	CONSTRAINT "servers_oauth_client" UNIQUE("oauth_client_id"),
	CONSTRAINT "servers_user_name" UNIQUE("user_id","name"),
	CONSTRAINT "servers_phase" CHECK ("servers"."phase" IN ('stopped', 'queued', 'starting', 'ready', 'stopping')),
	CONSTRAINT "servers_ready_has_target" CHECK ("servers"."phase" <> 'ready' OR "servers"."target" IS NOT NULL)
);
--> statement-breakpoint
CREATE TABLE "share_codes" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "share_codes_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"server_id" bigint NOT NULL,
	"hash" text NOT NULL,
	"scopes" jsonb NOT NULL,
	"exchange_count" integer DEFAULT 0 NOT NULL,
	"last_exchanged_at" timestamp with time zone,
	"created_at" timestamp with time zone DEFAULT hub_now() NOT NULL,
	"expires_at" timestamp with time zone NOT NULL,
	CONSTRAINT "share_codes_hash" UNIQUE("hash")
);
--> statement-breakpoint
CREATE TABLE "shares" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "shares_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"server_id" bigint NOT NULL,
	"user_id" bigint,
	"group_id" bigint,
	"scopes" jsonb NOT NULL,
	"created_at" timestamp with time zone DEFAULT hub_now() NOT NULL,
	"expires_at" timestamp with time zone,
	CONSTRAINT "shares_server_user" UNIQUE("server_id","user_id"),
	CONSTRAINT "shares_server_group" UNIQUE("server_id","group_id"),
	CONSTRAINT "shares_one_target" CHECK (("shares"."user_id" IS NULL) <> ("shares"."group_id" IS NULL))
);
--> statement-breakpoint
CREATE TABLE "logins" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "logins_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"hash" text NOT NULL,
	"user_id" bigint NOT NULL,
	"authenticator" text NOT NULL,
	"session_id" text,
	"user_agent" text DEFAULT '' NOT NULL,
	"ip" text DEFAULT '' NOT NULL,
	"created" timestamp with time zone DEFAULT hub_now() NOT NULL,
	"last_seen" timestamp with time zone,
	"expires_at" timestamp with time zone NOT NULL,
	CONSTRAINT "logins_hash" UNIQUE("hash")
);
--> statement-breakpoint
CREATE TABLE "oauth_clients" (
	"identifier" text PRIMARY KEY NOT NULL,
	"description" text DEFAULT '' NOT NULL,
	"secret_hash" text,
	"redirect_uri" text DEFAULT '' NOT NULL,
	"allowed_scopes" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"service_id" bigint,
	"server_id" bigint
);
--> statement-breakpoint
CREATE TABLE "oauth_codes" (
	"hash" text PRIMARY KEY NOT NULL,
	"client_id" text NOT NULL,
	"user_id" bigint NOT NULL,
	"session_id" text,
	"redirect_uri" text NOT NULL,
	"scopes" jsonb NOT NULL,
	"code_challenge" text,
	"code_challenge_method" text,
	"expires_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "tokens" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "tokens_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"user_id" bigint,
	"service_id" bigint,
	"hash" text NOT NULL,
	"prefix" text NOT NULL,
	"client_id" text NOT NULL,
	"session_id" text,
	"note" text DEFAULT '' NOT NULL,
	"scopes" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"created" timestamp with time zone DEFAULT hub_now() NOT NULL,
	"expires_at" timestamp with time zone,
	"last_activity" timestamp with time zone,
	CONSTRAINT "tokens_hash" UNIQUE("hash"),
	CONSTRAINT "tokens_one_owner" CHECK (("tokens"."user_id" IS NULL) <> ("tokens"."service_id" IS NULL))
);
--> statement-breakpoint
CREATE TABLE "audit" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "audit_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"at" timestamp with time zone DEFAULT hub_now() NOT NULL,
	"actor_kind" text NOT NULL,
	"actor" text NOT NULL,
	"ip" text DEFAULT '' NOT NULL,
	"action" text NOT NULL,
	"target" text NOT NULL,
	"details" jsonb DEFAULT '{}'::jsonb NOT NULL
);
--> statement-breakpoint
CREATE TABLE "group_roles" (
	"group_id" bigint NOT NULL,
	"role_id" bigint NOT NULL,
	"managed_by_auth" boolean DEFAULT false NOT NULL,
	CONSTRAINT "group_roles_group_id_role_id_pk" PRIMARY KEY("group_id","role_id")
);
--> statement-breakpoint
CREATE TABLE "groups" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "groups_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"name" text COLLATE "C" NOT NULL,
	"properties" jsonb DEFAULT '{}'::jsonb NOT NULL,
	CONSTRAINT "groups_name" UNIQUE("name")
);
--> statement-breakpoint
CREATE TABLE "identities" (
	"user_id" bigint NOT NULL,
	"authenticator" text NOT NULL,
	"subject" text COLLATE "C" NOT NULL,
	CONSTRAINT "identities_authenticator_subject_pk" PRIMARY KEY("authenticator","subject")
);
--> statement-breakpoint
CREATE TABLE "memberships" (
	"group_id" bigint NOT NULL,
	"user_id" bigint NOT NULL,
	CONSTRAINT "memberships_group_id_user_id_pk" PRIMARY KEY("group_id","user_id")
);
--> statement-breakpoint
CREATE TABLE "roles" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "roles_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"name" text COLLATE "C" NOT NULL,
	"description" text DEFAULT '' NOT NULL,
	"scopes" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"managed_by_auth" boolean DEFAULT false NOT NULL,
	CONSTRAINT "roles_name" UNIQUE("name")
);
--> statement-breakpoint
CREATE TABLE "service_roles" (
	"service_id" bigint NOT NULL,
	"role_id" bigint NOT NULL,
	"managed_by_auth" boolean DEFAULT false NOT NULL,
	CONSTRAINT "service_roles_service_id_role_id_pk" PRIMARY KEY("service_id","role_id")
);
--> statement-breakpoint
CREATE TABLE "services" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "services_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"name" text COLLATE "C" NOT NULL,
	"admin" boolean DEFAULT false NOT NULL,
	"url" text,
	"info" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"display" boolean DEFAULT true NOT NULL,
	"timeout" bigint DEFAULT 30 NOT NULL,
	"from_config" boolean DEFAULT true NOT NULL,
	"oauth_no_confirm" boolean DEFAULT false NOT NULL,
	"access_version" bigint DEFAULT 0 NOT NULL,
	CONSTRAINT "services_name" UNIQUE("name")
);
--> statement-breakpoint
CREATE TABLE "user_roles" (
	"user_id" bigint NOT NULL,
	"role_id" bigint NOT NULL,
	"managed_by_auth" boolean DEFAULT false NOT NULL,
	CONSTRAINT "user_roles_user_id_role_id_pk" PRIMARY KEY("user_id","role_id")
);
--> statement-breakpoint
CREATE TABLE "users" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "users_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"name" text COLLATE "C" NOT NULL,
	"admin" boolean DEFAULT false NOT NULL,
	"disabled" boolean DEFAULT false NOT NULL,
	"user_info" jsonb,
	"sealed_auth_state" text,
	"access_version" bigint DEFAULT 0 NOT NULL,
	"created" timestamp with time zone DEFAULT hub_now() NOT NULL,
	"last_activity" timestamp with time zone,
	"refreshed_at" timestamp with time zone,
	CONSTRAINT "users_name" UNIQUE("name")
);
--> statement-breakpoint
ALTER TABLE "leases" ADD CONSTRAINT "leases_owner_hubs_id_fk" FOREIGN KEY ("owner") REFERENCES "public"."hubs"("id") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "server_events" ADD CONSTRAINT "server_events_server_id_servers_id_fk" FOREIGN KEY ("server_id") REFERENCES "public"."servers"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "servers" ADD CONSTRAINT "servers_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "servers" ADD CONSTRAINT "servers_owner_hubs_id_fk" FOREIGN KEY ("owner") REFERENCES "public"."hubs"("id") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "share_codes" ADD CONSTRAINT "share_codes_server_id_servers_id_fk" FOREIGN KEY ("server_id") REFERENCES "public"."servers"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "shares" ADD CONSTRAINT "shares_server_id_servers_id_fk" FOREIGN KEY ("server_id") REFERENCES "public"."servers"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "shares" ADD CONSTRAINT "shares_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "shares" ADD CONSTRAINT "shares_group_id_groups_id_fk" FOREIGN KEY ("group_id") REFERENCES "public"."groups"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "logins" ADD CONSTRAINT "logins_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "oauth_clients" ADD CONSTRAINT "oauth_clients_service_id_services_id_fk" FOREIGN KEY ("service_id") REFERENCES "public"."services"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "oauth_codes" ADD CONSTRAINT "oauth_codes_client_id_oauth_clients_identifier_fk" FOREIGN KEY ("client_id") REFERENCES "public"."oauth_clients"("identifier") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "oauth_codes" ADD CONSTRAINT "oauth_codes_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "tokens" ADD CONSTRAINT "tokens_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "tokens" ADD CONSTRAINT "tokens_service_id_services_id_fk" FOREIGN KEY ("service_id") REFERENCES "public"."services"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "tokens" ADD CONSTRAINT "tokens_client_id_oauth_clients_identifier_fk" FOREIGN KEY ("client_id") REFERENCES "public"."oauth_clients"("identifier") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "group_roles" ADD CONSTRAINT "group_roles_group_id_groups_id_fk" FOREIGN KEY ("group_id") REFERENCES "public"."groups"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "group_roles" ADD CONSTRAINT "group_roles_role_id_roles_id_fk" FOREIGN KEY ("role_id") REFERENCES "public"."roles"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "identities" ADD CONSTRAINT "identities_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "memberships" ADD CONSTRAINT "memberships_group_id_groups_id_fk" FOREIGN KEY ("group_id") REFERENCES "public"."groups"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "memberships" ADD CONSTRAINT "memberships_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "service_roles" ADD CONSTRAINT "service_roles_service_id_services_id_fk" FOREIGN KEY ("service_id") REFERENCES "public"."services"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "service_roles" ADD CONSTRAINT "service_roles_role_id_roles_id_fk" FOREIGN KEY ("role_id") REFERENCES "public"."roles"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "user_roles" ADD CONSTRAINT "user_roles_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "user_roles" ADD CONSTRAINT "user_roles_role_id_roles_id_fk" FOREIGN KEY ("role_id") REFERENCES "public"."roles"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "hubs_lease" ON "hubs" USING btree ("lease_until");--> statement-breakpoint
CREATE INDEX "servers_active" ON "servers" USING btree ("phase","id") WHERE "servers"."phase" <> 'stopped';--> statement-breakpoint
CREATE INDEX "servers_queue" ON "servers" USING btree ("queue_class","queued_at","id") WHERE "servers"."phase" = 'queued';--> statement-breakpoint
CREATE INDEX "servers_owned" ON "servers" USING btree ("owner") WHERE "servers"."phase" IN ('starting', 'stopping');--> statement-breakpoint
CREATE INDEX "share_codes_server" ON "share_codes" USING btree ("server_id");--> statement-breakpoint
CREATE INDEX "share_codes_expiry" ON "share_codes" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "shares_user" ON "shares" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "shares_group" ON "shares" USING btree ("group_id");--> statement-breakpoint
CREATE INDEX "logins_user" ON "logins" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "logins_expiry" ON "logins" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "oauth_clients_server" ON "oauth_clients" USING btree ("server_id");--> statement-breakpoint
CREATE INDEX "oauth_clients_service" ON "oauth_clients" USING btree ("service_id");--> statement-breakpoint
CREATE INDEX "oauth_codes_client" ON "oauth_codes" USING btree ("client_id");--> statement-breakpoint
CREATE INDEX "oauth_codes_user" ON "oauth_codes" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "oauth_codes_expiry" ON "oauth_codes" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "tokens_user" ON "tokens" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "tokens_service" ON "tokens" USING btree ("service_id");--> statement-breakpoint
CREATE INDEX "tokens_client" ON "tokens" USING btree ("client_id");--> statement-breakpoint
CREATE INDEX "tokens_session" ON "tokens" USING btree ("session_id") WHERE "tokens"."session_id" IS NOT NULL;--> statement-breakpoint
CREATE INDEX "tokens_expiry" ON "tokens" USING btree ("expires_at") WHERE "tokens"."expires_at" IS NOT NULL;--> statement-breakpoint
CREATE INDEX "audit_at" ON "audit" USING btree ("at");--> statement-breakpoint
CREATE INDEX "audit_target" ON "audit" USING btree ("target","id");--> statement-breakpoint
CREATE INDEX "group_roles_role" ON "group_roles" USING btree ("role_id");--> statement-breakpoint
CREATE INDEX "identities_user" ON "identities" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "memberships_user" ON "memberships" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "service_roles_role" ON "service_roles" USING btree ("role_id");--> statement-breakpoint
CREATE INDEX "user_roles_role" ON "user_roles" USING btree ("role_id");--> statement-breakpoint
CREATE INDEX "users_last_activity" ON "users" USING btree ("last_activity" ASC NULLS FIRST,"id");