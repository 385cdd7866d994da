/**
 * A program: Prism in front of any number of running APIs, holding every exchange against
 * `openapi.json`. It stops none; what it found is asked for.
 *
 * Writes where it is asked: `POST` with the address of an API gives the address in front of
 * it, `DELETE` gives a `Seen` of all that went through since it was last asked.
 *
 * One process for all APIs, for Prism takes seconds to start.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { createLogger } from "@stoplight/prism-core";
import { getHttpOperationsFromSpec } from "@stoplight/prism-http";
import { createServer } from "@stoplight/prism-http-server";

export interface Seen {
  /** How many went through. */
  readonly exchanges: number;
  readonly violations: readonly Violation[];
}

/** What is not as described in one exchange, in Prism's words. */
export interface Violation {
  /** As `GET /api/v1/sources`. */
  readonly request: string;
  /** 0 where Prism could not carry the exchange. */
  readonly status: number;
  readonly ofRequest: readonly string[];
  readonly ofAnswer: readonly string[];
}

const document = fileURLToPath(new URL("../../openapi.json", import.meta.url));
const operations = await getHttpOperationsFromSpec(document);
const logger = createLogger("Prism", { level: "silent" });
let exchanges = 0;
let violations: Violation[] = [];

/** The address of a new proxy for the API at `url`. */
async function frontOf(url: string): Promise<string> {
  const { prism, listen } = createServer(operations, {
    cors: false,
    config: {
      isProxy: true,
      upstream: new URL(url),
      upstreamProxy: undefined,
      checkSecurity: true,
      validateRequest: true,
      validateResponse: true,
      errors: false,
      mock: { dynamic: false },
    },
    components: { logger },
  });
  const carry = prism.request;
  prism.request =
    (input, ...rest) =>
    async () => {
      const carried = await carry(input, ...rest)();
      const request = `${input.method.toUpperCase()} ${input.url.path}`;
      if (carried._tag === "Left") {
        const ofAnswer = [`not carried: ${carried.left.message}`];
        note({ request, status: 0, ofRequest: [], ofAnswer });
      } else {
        const { output, validations } = carried.right;
        note({
          request,
          status: output.statusCode,
          ofRequest: validations.input.map(inWords),
          ofAnswer: validations.output.map(inWords),
        });
      }
      return carried;
    };
  return listen(0, "127.0.0.1");
}

function note(violation: Violation): void {
  exchanges += 1;
  const { ofRequest, ofAnswer } = violation;
  if (ofRequest.length + ofAnswer.length > 0) violations.push(violation);
}

interface Diagnostic {
  readonly path?: readonly string[];
  readonly message: string;
}

const inWords = ({ path = [], message }: Diagnostic) => [...path, message].join(" ");

function seenSinceLast(): Seen {
  const seen = { exchanges, violations };
  exchanges = 0;
  violations = [];
  return seen;
}

const control = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  routes: {
    "/": {
      POST: async (request) => new Response(await frontOf(await request.text())),
      DELETE: () => Response.json(seenSinceLast()),
    },
  },
});
console.log(`asked at ${control.url.href}`);
