/**
 * Apache Traffic Server, in folders of its own.
 *
 * @module
 */
import type { Rival } from "./rival.ts";
import { authorsSettings } from "./settings.ts";

const ownFolders = {
  sysconfdir: "config",
  localstatedir: "state",
  runtimedir: "run",
  logdir: "log",
  cachedir: "cache",
};

export const trafficServer: Rival = {
  id: "trafficserver",
  title: "Traffic Server",
  package: "trafficserver",
  files: async ({ folder, port, originPort }) => ({
    ...Object.fromEntries(Object.values(ownFolders).map((name) => [`${name}/`, ""])),
    "runroot.yaml": [
      "prefix: /usr",
      "exec_prefix: /usr",
      "bindir: /usr/bin",
      "sbindir: /usr/sbin",
      "datadir: /usr/share/trafficserver",
      "includedir: /usr/include",
      "libdir: /usr/lib/trafficserver",
      "libexecdir: /usr/lib/trafficserver/modules",
      ...Object.entries(ownFolders).map(([what, name]) => `${what}: ${folder}/${name}`),
      "",
    ].join("\n"),
    "config/records.config": await authorsSettings("trafficserver/records.config", {
      "server_ports STRING 8003": `server_ports STRING ${port}`,
      "admin.user_id STRING trafficserver": "admin.user_id STRING #-1",
    }),
    "config/remap.config": await authorsSettings("trafficserver/remap.config", {
      "http://localhost:8003/ http://localhost:8000/": `http://127.0.0.1:${port}/ http://127.0.0.1:${originPort}/`,
    }),
    // Since version 9 in YAML: the author's one line, which allows everyone.
    "config/ip_allow.yaml": `ip_allow:
  - apply: in
    ip_addrs: 0.0.0.0-255.255.255.255
    action: allow
    methods: ALL
`,
    "config/storage.config": `${folder}/cache 64M\n`,
  }),
  command: ({ folder }) => ["/usr/bin/traffic_server", `--run-root=${folder}`],
};
