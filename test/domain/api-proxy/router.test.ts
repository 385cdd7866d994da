import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type {
  Endpoint,
  EndpointMethod,
} from "../../../src/domain/api-proxy/api-proxy.ts";
import { makeRouter } from "../../../src/domain/api-proxy/router.ts";

const open = { creationType: "OPEN_API" } as const;
const reverse = { creationType: "REVERSE_PROXY" } as const;

let lastId = 0;
function endpoint(
  name: string,
  httpMethod: EndpointMethod = "GET",
  more: Partial<Endpoint> = {},
): Endpoint {
  return {
    id: ++lastId,
    proxyId: 1,
    name,
    httpMethod,
    backendResourceUrl: name,
    backendHttpMethod: httpMethod,
    active: true,
    settings: undefined,
    ...more,
  };
}

const openRouter = (...endpoints: readonly Endpoint[]) => makeRouter(open, endpoints);

/** The name of the endpoint that is found, or what is answered instead. */
function found(router: ReturnType<typeof openRouter>, path: string, method = "GET") {
  const match = router.match(method, path);
  return match._tag === "Matched" ? match.endpoint?.name : match._tag;
}

describe("makeRouter() finds", () => {
  test.each([
    ["/a", "/a"],
    ["/a/", "NotFound"],
    ["/A", "NotFound"],
    ["/a/b", "/a/b"],
    ["/a/x", "/a/{x}"],
    ["/a/x.json", "/a/{x}.json"],
    ["/a/v1.json", "/a/v{x}.json"],
    ["/a/.json", "/a/{x}"],
    ["/a/x/c", "/a/{x}/c"],
    ["/a/b/d", "/a/b/d"],
    // The literal branch leads nowhere, so the value's is taken.
    ["/a/b/c", "/a/{x}/c"],
    ["/a/b/e", "NotFound"],
    ["/a//c", "NotFound"],
    ["/a/%62", "/a/b"],
    ["/a/%2562", "/a/{x}"],
    ["/a%2Fb", "NotFound"],
    ["/q/%C3%BC", "/q/ü"],
    ["/q/%c3%bc", "/q/ü"],
    ["/", "/"],
    ["", "/"],
  ])("for %s: %s", (path, expected) => {
    const router = openRouter(
      ...["/", "/a", "/a/b", "/a/{x}", "/a/{x}.json", "/a/v{x}.json"].map((name) =>
        endpoint(name),
      ),
      ...["/a/{x}/c", "/a/b/d", "/q/ü"].map((name) => endpoint(name)),
    );

    expect(found(router, path)).toBe(expected);
  });

  test("the older of two that differ in the names of params only", () => {
    const router = openRouter(endpoint("/a/{x}"), endpoint("/a/{y}"));

    expect(router.match("GET", "/a/1")).toMatchObject({ params: { x: "1" } });
  });

  test("a path by its own names of params for each method", () => {
    const router = openRouter(endpoint("/a/{x}"), endpoint("/a/{y}", "PUT"));

    expect(router.match("PUT", "/a/1")).toMatchObject({ params: { y: "1" } });
  });
});

describe("methods", () => {
  const router = openRouter(
    endpoint("/a"),
    endpoint("/a", "POST"),
    endpoint("/b/{x}", "GET"),
    endpoint("/b/c", "ALL"),
    endpoint("/d", "HEAD"),
    endpoint("/d", "GET"),
    endpoint("/e", "DELETE"),
  );

  test("a method that the path doesn't have is told those it has", () => {
    expect(router.match("PUT", "/a")).toEqual({
      _tag: "MethodNotAllowed",
      allow: ["GET", "HEAD", "POST"],
    });
    expect(router.match("HEAD", "/e")).toEqual({
      _tag: "MethodNotAllowed",
      allow: ["DELETE"],
    });
  });

  test("a literal path for ALL wins over one with a value for the method", () => {
    expect(found(router, "/b/c")).toBe("/b/c");
  });

  test("a less specific path answers a method that the literal one doesn't have", () => {
    const router = openRouter(endpoint("/b/c", "POST"), endpoint("/b/{x}", "GET"));

    expect(found(router, "/b/c")).toBe("/b/{x}");
  });

  test("the method's own endpoint wins over ALL", () => {
    const [all, own] = [endpoint("/a", "ALL"), endpoint("/a", "PUT")];
    const router = openRouter(all, own);

    expect(router.match("PUT", "/a")).toMatchObject({ endpoint: own });
    expect(router.match("PROPFIND", "/a")).toMatchObject({
      endpoint: all,
      backendMethod: "PROPFIND",
    });
  });

  test("HEAD is its own endpoint's, else GET's", () => {
    expect(router.match("HEAD", "/d")).toMatchObject({
      endpoint: { httpMethod: "HEAD" },
    });
    expect(router.match("HEAD", "/a")).toMatchObject({
      endpoint: { httpMethod: "GET" },
      backendMethod: "HEAD",
    });
  });

  test("the backend's method is sent in the place of the client's", () => {
    const router = openRouter(endpoint("/a", "GET", { backendHttpMethod: "POST" }));

    expect(router.match("GET", "/a")).toMatchObject({ backendMethod: "POST" });
  });
});

describe("an endpoint that is not active", () => {
  const off = { active: false };
  const endpoints = [endpoint("/a/b", "GET", off), endpoint("/a/{x}")];

  test("is not found in an OPEN_API proxy, and hides what is less specific", () => {
    expect(found(openRouter(...endpoints), "/a/b")).toBe("NotFound");
    expect(found(openRouter(...endpoints), "/a/b", "POST")).toBe("MethodNotAllowed");
    expect(found(openRouter(endpoint("/a", "GET", off)), "/a", "POST")).toBe("NotFound");
  });

  test("lets its path pass in a REVERSE_PROXY", () => {
    expect(makeRouter(reverse, endpoints).match("GET", "/a/b")).toEqual({
      _tag: "Matched",
      endpoint: undefined,
      params: {},
      backendMethod: "GET",
      backendPath: "/a/b",
    });
  });
});

describe("a REVERSE_PROXY", () => {
  test("lets any path and method pass as they came", () => {
    const router = makeRouter(reverse, [endpoint("/a")]);

    expect(router.match("GET", "/a")).toMatchObject({ endpoint: { name: "/a" } });
    for (const path of ["/", "//x", "/%2f%zz/é", "/a/"]) {
      expect(router.match("PURGE", path)).toMatchObject({
        endpoint: undefined,
        backendMethod: "PURGE",
        backendPath: path,
      });
    }
  });
});

describe("the path at the upstream", () => {
  test("is the path as it came where none is named", () => {
    const match = openRouter(endpoint("/a/{x}")).match("GET", "/%61/%c3%bC%2f");

    expect(match).toMatchObject({ params: { x: "ü/" }, backendPath: "/%61/%c3%bC%2f" });
  });

  test("has the values as they came, and literals escaped", () => {
    const backendResourceUrl = "/v2/{y}/ü/{x}.json";
    const router = openRouter(endpoint("/a/{x}/{y}", "GET", { backendResourceUrl }));

    expect(router.match("GET", "/a/%7e%2f/b%20c")).toMatchObject({
      params: { x: "~/", y: "b c" },
      backendPath: "/v2/b%20c/%C3%BC/%7e%2f.json",
    });
  });

  test("can't be led elsewhere by a value", () => {
    const backendResourceUrl = "/v2/.{x}/a";
    const router = openRouter(endpoint("/{x}", "GET", { backendResourceUrl }));

    expect(found(router, "/x")).toBe("/{x}");
    for (const path of ["/.", "/%2e", "/%2E"])
      expect(found(router, path)).toBe("NotFound");
  });

  test("has a value that is no text as it came", () => {
    expect(openRouter(endpoint("/{x}")).match("GET", "/%ff")).toMatchObject({
      params: { x: "%ff" },
    });
  });
});

describe("several params in a segment", () => {
  test.each([
    ["/{a}-{b}", "/1-2", { a: "1", b: "2" }],
    ["/{a}-{b}", "/1-2-3", { a: "1", b: "2-3" }],
    ["/{a}{b}", "/123", { a: "1", b: "23" }],
    ["/{a}{b}", "/%C3%BCx", { a: "ü", b: "x" }],
    ["/{a}2{b}", "/%2522%252", { a: "%", b: "2%2" }],
    [
      "/tiles/{z}/{x},{y}@{s}x.png",
      "/tiles/3/1,2@2x.png",
      { z: "3", x: "1", y: "2", s: "2" },
    ],
    ["/m/{name}:cancel", "/m/a:b:cancel", { name: "a:b" }],
    ["/f('{a}',{b})", "/f('x',1)", { a: "x", b: "1" }],
  ])("%s matches %s", (name, path, params) => {
    expect(openRouter(endpoint(name)).match("GET", path)).toMatchObject({ params });
  });

  test.each([
    ["/{a}-{b}", "/-2"],
    ["/{a}-{b}", "/1-"],
    ["/{a}{b}", "/1"],
    ["/x{a}x", "/x"],
    ["/x{a}x", "/xx"],
  ])("%s doesn't match %s", (name, path) => {
    expect(found(openRouter(endpoint(name)), path)).toBe("NotFound");
  });

  test("take time in proportion to the segment", () => {
    const name = `/${Array.from({ length: 60 }, (_, at) => `{p${at}}a`).join("")}b`;
    const router = openRouter(endpoint(name));
    const startedAt = performance.now();

    expect(found(router, `/${"a".repeat(60_000)}`)).toBe("NotFound");
    expect(performance.now() - startedAt).toBeLessThan(1_000);
  });
});

describe("any path that an endpoint's name was filled to", () => {
  const text = fc
    .stringMatching(/^[a-c.%-]{1,3}$/)
    .filter((word) => !/^\.\.?$/.test(word));
  const literal = fc.constantFrom("a", "b", "c", "ab", "");
  const segment = fc.oneof(
    literal.map((word) => ({ template: word, fill: () => word, isLiteral: true })),
    fc.tuple(literal, literal).map(([before, after]) => ({
      template: `${before}{p}${after}`,
      fill: (value: string) => `${before}${encodeURIComponent(value)}${after}`,
      isLiteral: false,
    })),
  );
  const paths = fc.array(fc.array(segment, { minLength: 1, maxLength: 4 }), {
    minLength: 1,
    maxLength: 12,
  });

  test("is routed to it, or to one that is more specific", () => {
    fc.assert(
      fc.property(paths, text, fc.nat(), (templates, value, at) => {
        const named = (parts: (typeof templates)[number]) =>
          `/${parts.map((part) => part.template).join("/")}`;
        const router = openRouter(...templates.map((parts) => endpoint(named(parts))));
        const chosen = templates[at % templates.length] ?? [];
        const path = `/${chosen.map((part) => part.fill(value)).join("/")}`;

        const match = router.match("GET", path);

        if (match._tag !== "Matched") throw new Error(`${path} is ${match._tag}`);
        const name = match.endpoint?.name ?? "";
        const of = (template: string) =>
          template
            .slice(1)
            .split("/")
            .map((part) => part.replace(/\{p\}/, "{}"));
        const [got, wanted] = [of(name), of(named(chosen))];
        const first = got.findIndex((part, place) => part !== wanted[place]);
        // Where they part, the one that was found says more.
        const textIn = (part = "") => (part.includes("{") ? part.length - 2 : 1_000);
        expect(first < 0 || textIn(got[first]) >= textIn(wanted[first])).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });
});
