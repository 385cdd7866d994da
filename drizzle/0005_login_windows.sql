DELETE FROM "login_attempts";--> statement-breakpoint
DROP INDEX "login_attempts_window_began_at";--> statement-breakpoint
ALTER TABLE "login_attempts" ADD COLUMN "tried_at" bigint[] NOT NULL;--> statement-breakpoint
ALTER TABLE "login_attempts" ADD COLUMN "ends_at" bigint NOT NULL;--> statement-breakpoint
CREATE INDEX "login_attempts_ends_at" ON "login_attempts" USING btree ("ends_at");--> statement-breakpoint
ALTER TABLE "login_attempts" DROP COLUMN "window_began_at";--> statement-breakpoint
ALTER TABLE "login_attempts" DROP COLUMN "attempts";