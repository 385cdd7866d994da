/**
 * nginx, with Debian's own settings but for where things are.
 *
 * @module
 */
import type { Rival } from "./rival.ts";
import { authorsSettings } from "./settings.ts";

export const nginx: Rival = {
  id: "nginx",
  title: "nginx",
  package: "nginx",
  files: async ({ folder, port, originPort }) => ({
    "cache/": "",
    "nginx.conf": `
worker_processes auto;
daemon off;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log;
events { worker_connections 2048; }
http {
  sendfile on;
  tcp_nopush on;
  types_hash_max_size 2048;
  include /etc/nginx/mime.types;
  default_type application/octet-stream;
  access_log off;
  gzip on;
  client_body_temp_path ${folder}/body;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  include ${folder}/cache-test.conf;
}
`,
    "cache-test.conf": await authorsSettings("nginx/nginx.conf", {
      "/var/cache/nginx": `${folder}/cache`,
      "listen       8002": `listen 127.0.0.1:${port}`,
      "localhost:8000": `127.0.0.1:${originPort}`,
    }),
  }),
  command: ({ folder }) => [
    "/usr/sbin/nginx",
    "-e",
    `${folder}/error.log`,
    "-p",
    folder,
    "-c",
    `${folder}/nginx.conf`,
  ],
};
