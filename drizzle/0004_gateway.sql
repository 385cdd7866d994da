CREATE TABLE "api_proxies" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "api_proxies_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"project_name" text COLLATE "C" NOT NULL,
	"name" text COLLATE "C" NOT NULL,
	"description" text,
	"source_id" text NOT NULL,
	"access" text NOT NULL,
	"creation_type" text NOT NULL,
	"settings" jsonb,
	"created_at" bigint NOT NULL,
	"updated_at" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "endpoints" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "endpoints_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"proxy_id" bigint NOT NULL,
	"name" text COLLATE "C" NOT NULL,
	"http_method" text NOT NULL,
	"backend_resource_url" text NOT NULL,
	"backend_http_method" text NOT NULL,
	"active" boolean NOT NULL,
	"settings" jsonb
);
--> statement-breakpoint
CREATE TABLE "projects" (
	"name" text COLLATE "C" PRIMARY KEY NOT NULL,
	"description" text,
	"created_at" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "call_waiters" (
	"id" text PRIMARY KEY NOT NULL,
	"source_id" text NOT NULL,
	"until" bigint NOT NULL
);
--> statement-breakpoint
ALTER TABLE "entries" ADD COLUMN "used_at" bigint;--> statement-breakpoint
ALTER TABLE "entries" ADD COLUMN "response" jsonb;--> statement-breakpoint
ALTER TABLE "retained_spaces" ADD COLUMN "key_case" text;--> statement-breakpoint
ALTER TABLE "api_proxies" ADD CONSTRAINT "api_proxies_project_name_projects_name_fk" FOREIGN KEY ("project_name") REFERENCES "public"."projects"("name") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "api_proxies" ADD CONSTRAINT "api_proxies_source_id_sources_id_fk" FOREIGN KEY ("source_id") REFERENCES "public"."sources"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "endpoints" ADD CONSTRAINT "endpoints_proxy_id_api_proxies_id_fk" FOREIGN KEY ("proxy_id") REFERENCES "public"."api_proxies"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "api_proxies_name" ON "api_proxies" USING btree ("project_name","name");--> statement-breakpoint
CREATE UNIQUE INDEX "endpoints_name" ON "endpoints" USING btree ("proxy_id","name","http_method");--> statement-breakpoint
CREATE INDEX "call_waiters_source_id" ON "call_waiters" USING btree ("source_id");