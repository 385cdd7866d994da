/**
 * Varnish, with Debian's `default.vcl`, started as the suite's author starts it.
 *
 * @module
 */
import type { Rival } from "./rival.ts";

export const varnish: Rival = {
  id: "varnish",
  title: "Varnish",
  package: "varnish",
  files: async ({ originPort }) => {
    const settings = await Bun.file("/etc/varnish/default.vcl").text();
    return { "default.vcl": settings.replace("8080", `${originPort}`) };
  },
  command: ({ folder, port }) => [
    "/usr/sbin/varnishd",
    "-F",
    "-j",
    "none",
    "-n",
    `${folder}/work`,
    "-a",
    `127.0.0.1:${port}`,
    "-f",
    `${folder}/default.vcl`,
    "-p",
    "default_ttl=0",
    "-p",
    "default_grace=0",
    "-p",
    "default_keep=3600",
    "-s",
    "malloc,64M",
  ],
};
