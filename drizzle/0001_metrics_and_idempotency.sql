CREATE TABLE "counters" (
	"name" text PRIMARY KEY NOT NULL,
	"value" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "idempotency_keys" (
	"caller" text NOT NULL,
	"key" text NOT NULL,
	"fingerprint" "bytea" NOT NULL,
	"begun_at" bigint NOT NULL,
	"lease_until" bigint,
	"status" smallint,
	"headers" jsonb,
	"body" "bytea",
	CONSTRAINT "idempotency_keys_caller_key_pk" PRIMARY KEY("caller","key")
);
--> statement-breakpoint
CREATE INDEX "idempotency_keys_begun_at" ON "idempotency_keys" USING btree ("begun_at");--> statement-breakpoint
CREATE INDEX "tasks_by_source" ON "tasks" USING btree ("source_id","id");