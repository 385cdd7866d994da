import { describe, expect, test } from "bun:test";
import {
  MANAGE_GRANT,
  managesProject,
  managesSomething,
  mayAttach,
  mayDo,
} from "../../../src/domain/access/project-access.ts";

const grant = (name: string, permission = MANAGE_GRANT) => ({
  name,
  permissions: ["API_MANAGEMENT:VIEW", permission],
});
const admin = { role: "admin", sources: undefined, projects: undefined } as const;
const restricted = { ...admin, sources: ["weather"] };
const granted = {
  role: "guest",
  sources: undefined,
  projects: [grant("mine"), grant("other", "API_MANAGEMENT:DEPLOY")],
} as const;

describe("managesProject()", () => {
  test("is all of them for role admin", () => {
    expect(managesProject(admin, "any")).toBe(true);
    expect(managesSomething(admin)).toBe(true);
  });

  test("is none for one who is restricted to sources, but what is granted", () => {
    expect(managesProject(restricted, "any")).toBe(false);
    expect(managesSomething(restricted)).toBe(false);
    expect(managesProject({ ...restricted, projects: [grant("any")] }, "any")).toBe(true);
  });

  test("is what is granted for any other role", () => {
    expect(managesProject(granted, "mine")).toBe(true);
    expect(managesProject(granted, "Mine")).toBe(false);
    expect(managesProject(granted, "other")).toBe(false);
    expect(managesSomething(granted)).toBe(true);
    expect(managesSomething({ ...granted, projects: [] })).toBe(false);
  });
});

describe("mayDo()", () => {
  test("asks for the role where nothing is to be managed", () => {
    expect(mayDo(granted, "view", "mine")).toBe(true);
    expect(mayDo(granted, "update", "mine")).toBe(false);
  });

  test("asks for the project, or any, where something is", () => {
    expect(mayDo(granted, "manage", "mine")).toBe(true);
    expect(mayDo(granted, "manage", "other")).toBe(false);
    expect(mayDo(granted, "manage", undefined)).toBe(true);
  });
});

describe("mayAttach()", () => {
  test("is for role admin, or whoever is restricted to sources and has it among them", () => {
    expect(mayAttach(admin, "weather")).toBe(true);
    expect(mayAttach(restricted, "weather")).toBe(true);
    expect(mayAttach(restricted, "news")).toBe(false);
    expect(mayAttach({ ...granted, sources: ["weather"] }, "weather")).toBe(true);
    expect(mayAttach(granted, "weather")).toBe(false);
  });
});
