/**
 * Squid, with the rules of Debian's `squid.conf` that touch caching.
 *
 * @module
 */
import type { Rival } from "./rival.ts";
import { authorsSettings } from "./settings.ts";

export const squid: Rival = {
  id: "squid",
  title: "Squid",
  package: "squid",
  files: async ({ folder, port, originPort }) => ({
    "squid.conf": `
${await authorsSettings("squid/squid.conf", {
  "http_port 8001": `http_port 127.0.0.1:${port}`,
  "cache_peer localhost parent 8000": `cache_peer 127.0.0.1 parent ${originPort}`,
})}
pid_filename ${folder}/squid.pid
cache_log ${folder}/cache.log
access_log none
coredump_dir ${folder}
pinger_enable off
refresh_pattern ^ftp: 1440 20% 10080
refresh_pattern ^gopher: 1440 0% 1440
refresh_pattern -i (/cgi-bin/|\\?) 0 0% 0
refresh_pattern . 0 20% 4320
`,
  }),
  command: ({ folder, port }) => [
    "/usr/sbin/squid",
    "-N",
    // Names its shared memory.
    "-n",
    `suite${port}`,
    "-f",
    `${folder}/squid.conf`,
  ],
};
