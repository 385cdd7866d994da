import { describe, expect, test } from "bun:test";
import { type Needs, permits, type Role } from "../../../src/domain/access/permission.ts";

describe("permits()", () => {
  test.each<[Role, Record<Needs, boolean>]>([
    [
      "admin",
      { nothing: true, login: true, view: true, update: true, admin: true, manage: true },
    ],
    [
      "user",
      {
        nothing: true,
        login: true,
        view: true,
        update: true,
        admin: false,
        manage: false,
      },
    ],
    [
      "guest",
      {
        nothing: true,
        login: true,
        view: true,
        update: false,
        admin: false,
        manage: false,
      },
    ],
  ])("gives %s what the role has", (role, expected) => {
    for (const [needs, may] of Object.entries(expected)) {
      expect([needs, permits(role, needs as Needs)]).toEqual([needs, may]);
    }
  });
});
