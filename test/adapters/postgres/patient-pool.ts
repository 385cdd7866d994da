/**
 * A pool that waits for a server that stands still for a while: how soon one gives up is no
 * matter of most tests.
 *
 * @module
 */
import {
  defaultPoolOptions,
  type PoolOptions,
} from "../../../src/adapters/postgres/pool.ts";

export const patientPool: PoolOptions = {
  ...defaultPoolOptions,
  waitMillis: 30_000,
  statementMillis: 30_000,
  giveUpMillis: 31_000,
};
