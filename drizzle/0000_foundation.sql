CREATE TABLE "abandoned_spaces" (
	"space" text PRIMARY KEY NOT NULL
);
--> statement-breakpoint
CREATE TABLE "backoffs" (
	"key_hash" "bytea" PRIMARY KEY NOT NULL,
	"failures" integer NOT NULL,
	"failed_at" bigint NOT NULL,
	"until" bigint NOT NULL,
	"error_code" text NOT NULL,
	"error_detail" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "change_head" (
	"seq" bigint PRIMARY KEY NOT NULL
);
--> statement-breakpoint
CREATE TABLE "changes" (
	"seq" bigint PRIMARY KEY NOT NULL,
	"logged_at" bigint NOT NULL,
	"kind" text NOT NULL,
	"change" jsonb NOT NULL
);
--> statement-breakpoint
CREATE TABLE "entries" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "entries_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"space" text NOT NULL,
	"key" text COLLATE "C" NOT NULL,
	"key_hash" "bytea" NOT NULL,
	"variant" text DEFAULT '' NOT NULL,
	"status" smallint NOT NULL,
	"headers" jsonb NOT NULL,
	"content_type" text,
	"encoding" text NOT NULL,
	"body" "bytea" NOT NULL,
	"etag" text NOT NULL,
	"params" jsonb NOT NULL,
	"stored_at" bigint NOT NULL,
	"fresh_until" bigint NOT NULL,
	"stale_until" bigint NOT NULL,
	"fallback_until" bigint NOT NULL,
	"request_at" bigint NOT NULL,
	"response_at" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "processes" (
	"id" text PRIMARY KEY NOT NULL,
	"started_at" bigint NOT NULL,
	"heard_at" bigint NOT NULL,
	"applied_seq" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "quotas" (
	"source_id" text PRIMARY KEY NOT NULL,
	"state" text NOT NULL,
	"cooldown_until" bigint,
	"cooldown_streak" integer DEFAULT 0 NOT NULL
);
--> statement-breakpoint
CREATE TABLE "retained_spaces" (
	"source_id" text PRIMARY KEY NOT NULL,
	"epoch" bigint NOT NULL,
	"origin" text NOT NULL,
	"retained_at" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "sources" (
	"id" text PRIMARY KEY NOT NULL,
	"epoch" bigint NOT NULL,
	"name" text NOT NULL,
	"base_url" text NOT NULL,
	"sealed" "bytea" NOT NULL,
	"key_id" text NOT NULL,
	"rate_limit" jsonb NOT NULL,
	"ttl_millis" bigint NOT NULL,
	"stale_while_revalidate_millis" bigint,
	"stale_if_error_millis" bigint NOT NULL,
	"negative_ttl_millis" bigint NOT NULL,
	"key_template" text NOT NULL,
	"key_case" text NOT NULL,
	"timeout_millis" integer NOT NULL,
	"max_body_bytes" integer NOT NULL,
	"not_modified_is_free" boolean NOT NULL,
	"max_queue" integer NOT NULL,
	"refresh" text NOT NULL,
	"created_at" bigint NOT NULL,
	"updated_at" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "tasks" (
	"id" text PRIMARY KEY NOT NULL,
	"place" bigint GENERATED ALWAYS AS IDENTITY (sequence name "tasks_place_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"source_id" text NOT NULL,
	"space" text NOT NULL,
	"key" text COLLATE "C" NOT NULL,
	"key_hash" "bytea" NOT NULL,
	"priority" smallint NOT NULL,
	"state" text NOT NULL,
	"told" boolean NOT NULL,
	"newer_than" bigint,
	"error_code" text,
	"error_detail" text,
	"queued_at" bigint NOT NULL,
	"started_at" bigint,
	"ended_at" bigint,
	"lease_until" bigint,
	"leased_by" text
);
--> statement-breakpoint
CREATE TABLE "tokens" (
	"id" text PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"role" text NOT NULL,
	"hash" "bytea" NOT NULL,
	"created_at" bigint NOT NULL,
	CONSTRAINT "tokens_hash_unique" UNIQUE("hash")
);
--> statement-breakpoint
CREATE TABLE "users" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "users_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"username" text NOT NULL,
	"role" text NOT NULL,
	"password_hash" text NOT NULL,
	"is_active" boolean NOT NULL,
	"created_at" bigint NOT NULL,
	CONSTRAINT "users_username_unique" UNIQUE("username")
);
--> statement-breakpoint
CREATE UNIQUE INDEX "entries_key_hash_variant" ON "entries" USING btree ("key_hash","variant");--> statement-breakpoint
CREATE INDEX "entries_space_key" ON "entries" USING btree ("space","key");--> statement-breakpoint
CREATE INDEX "entries_params" ON "entries" USING gin ("params" jsonb_path_ops);--> statement-breakpoint
CREATE UNIQUE INDEX "tasks_one_unfinished_per_key" ON "tasks" USING btree ("key_hash") WHERE state in ('queued', 'running');--> statement-breakpoint
CREATE INDEX "tasks_queue" ON "tasks" USING btree ("source_id","priority","place") WHERE state = 'queued';--> statement-breakpoint
CREATE INDEX "tasks_running" ON "tasks" USING btree ("lease_until") WHERE state = 'running';--> statement-breakpoint
CREATE INDEX "tasks_by_key" ON "tasks" USING btree ("key_hash","place");--> statement-breakpoint
INSERT INTO "change_head" ("seq") VALUES (0);--> statement-breakpoint
ALTER TABLE "entries" SET (fillfactor = 90);--> statement-breakpoint
ALTER TABLE "quotas" SET (fillfactor = 50);--> statement-breakpoint
ALTER TABLE "tasks" SET (fillfactor = 80);--> statement-breakpoint
CREATE SEQUENCE "source_epochs";--> statement-breakpoint
CREATE FUNCTION uc_now() RETURNS bigint LANGUAGE sql VOLATILE PARALLEL SAFE
	AS $$ SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint $$;
