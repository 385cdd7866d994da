/**
 * What comes in through the data plane, and what goes out.
 *
 * @module
 */
import type { HeaderList } from "../../domain/entry/entry.ts";
import type { CacheLabel } from "../entry/count-reads.ts";

export interface GatewayRequest {
  readonly projectName: string;
  readonly proxyName: string;
  readonly method: string;
  /** Behind the proxy's own path; begins with `/`, as it came. */
  readonly path: string;
  /** What stands behind `?`, as it came; `undefined` without one. */
  readonly query: string | undefined;
  readonly headers: HeaderList;
  /** To be read once, at the reader's pace; `undefined` where there is none. */
  readonly body: AsyncIterable<Uint8Array> | undefined;
  readonly remoteAddress: string;
  /** The whole path that the client asked for, as it came. */
  readonly requestUri: string;
  /** Without the port. */
  readonly serverName: string;
  readonly scheme: string;
}

/** To be read once, at the reader's pace; whoever does not read it to its end discards it. */
export interface BodyStream {
  readonly pieces: AsyncIterable<Uint8Array>;
  readonly discard: () => void;
}

export interface GatewayAnswer {
  readonly status: number;
  readonly headers: HeaderList;
  readonly body: Uint8Array | BodyStream;
  readonly label: CacheLabel;
}
