/**
 * A browser: keeps the session's cookie, and fetches the token that goes with it.
 *
 * @module
 */
import { jsonOf, type TestService } from "./service.ts";

/** What a browser calls. */
export type Site = Pick<TestService, "request">;

export interface Browser {
  /** The value of the cookie; `""` where there is none. */
  readonly cookie: string;
  /** The token for the cookie, fetched anew. */
  csrfToken(): Promise<string>;
  /** With the cookie, and nothing else. */
  request(path: string, init?: RequestInit): Promise<Response>;
  /** With cookie and token, and `body` as JSON unless it is `undefined`. */
  send(
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<Response>;
  login(username: string, password: string): Promise<Response>;
}

/** One that has been nowhere yet; `from`: it holds this cookie. */
export function browser(site: Site, from = ""): Browser {
  let cookie = from;
  const request = async (path: string, init: RequestInit = {}) => {
    const headers = new Headers(init.headers);
    headers.set("cookie", `other=1; uc_session=${cookie}`);
    const response = await site.request(path, { ...init, headers });
    for (const line of response.headers.getSetCookie()) {
      cookie = /^uc_session=([^;]*)/.exec(line)?.[1] ?? cookie;
    }
    return response;
  };
  const csrfToken = async () => {
    const { data } = await jsonOf(await request("/api/v1/auth/csrf-token"));
    return String(data.csrf_token);
  };
  const send: Browser["send"] = async (method, path, body, headers = {}) =>
    request(path, {
      method,
      body: body === undefined ? null : JSON.stringify(body),
      headers: {
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        "x-csrftoken": await csrfToken(),
        ...headers,
      },
    });
  return {
    get cookie() {
      return cookie;
    },
    csrfToken,
    request,
    send,
    login: (username, password) =>
      send("POST", "/api/v1/auth/login", { username, password }),
  };
}

/** One in which the user is logged in. */
export async function loggedIn(site: Site, username: string, password: string) {
  const user = browser(site);
  const response = await user.login(username, password);
  if (response.status !== 200) throw new Error(await response.text());
  return user;
}
