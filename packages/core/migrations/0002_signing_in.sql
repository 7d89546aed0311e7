CREATE TABLE "sign_in_failures" (
	"kind" text NOT NULL,
	"key" text NOT NULL,
	"failures" bigint NOT NULL,
	"trying" timestamp with time zone[] DEFAULT '{}' NOT NULL,
	"changed" timestamp with time zone NOT NULL,
	"blocked_until" timestamp with time zone,
	CONSTRAINT "sign_in_failures_kind_key_pk" PRIMARY KEY("kind","key")
);
--> statement-breakpoint
ALTER TABLE "hubs" ADD COLUMN "crypt_keys" jsonb DEFAULT '[]'::jsonb NOT NULL;--> statement-breakpoint
ALTER TABLE "logins" ADD COLUMN "subject" text COLLATE "C";--> statement-breakpoint
ALTER TABLE "logins" ADD COLUMN "provider_session" text;--> statement-breakpoint
ALTER TABLE "oauth_codes" ADD COLUMN "login_id" bigint;--> statement-breakpoint
ALTER TABLE "tokens" ADD COLUMN "login_id" bigint;--> statement-breakpoint
ALTER TABLE "identities" ADD COLUMN "sealed_auth_state" text;--> statement-breakpoint
ALTER TABLE "identities" ADD COLUMN "signed_in_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "identities" ADD COLUMN "refreshed_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "identities" ADD COLUMN "refreshing_since" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "users" ADD COLUMN "blocked" boolean DEFAULT false NOT NULL;--> statement-breakpoint
CREATE INDEX "sign_in_failures_age" ON "sign_in_failures" USING btree ("changed");--> statement-breakpoint
CREATE INDEX "logins_subject" ON "logins" USING btree ("authenticator","subject");--> statement-breakpoint
CREATE INDEX "logins_provider_session" ON "logins" USING btree ("authenticator","provider_session") WHERE "logins"."provider_session" IS NOT NULL;--> statement-breakpoint
CREATE INDEX "tokens_login" ON "tokens" USING btree ("login_id") WHERE "tokens"."login_id" IS NOT NULL;--> statement-breakpoint
CREATE INDEX "users_kept_out" ON "users" USING btree ("id") WHERE "users"."disabled" OR "users"."blocked";--> statement-breakpoint
ALTER TABLE "users" DROP COLUMN "refreshed_at";