// Runs all tests of the suite against the base URL given, with Node's HTTP client, and prints
// what came of each as JSON: {id: {suite, kind, result, detail?}}.
//
// `result` as the suite's own pages tell it: pass, fail (required), optional_fail, yes, no,
// setup_fail, dependency_fail, retry, harness_fail.
import fetch from "node-fetch";
import { getResults, runTests } from "http-cache-tests/client/runner.mjs";
import surrogate from "http-cache-tests/tests/surrogate-control.mjs";
import suites from "http-cache-tests/tests/index.mjs";

const [, , base, only] = process.argv;
const all = [...suites, surrogate];
const chosen = all.map((suite) => ({
  ...suite,
  tests: suite.tests.filter(({ id }) => only === undefined || id === only),
}));
const tests = new Map(
  all.flatMap((suite) => suite.tests.map((test) => [test.id, { ...test, suite: suite.id }])),
);
if (only !== undefined) for (const suite of chosen) for (const test of suite.tests) test.dump = true;

await runTests(chosen, fetch, false, base);
const results = getResults();
const told = Object.keys(results).map((id) => {
  const { suite, kind = "required" } = tests.get(id);
  const detail = results[id] === true ? undefined : results[id][1];
  return [id, { suite, kind, result: resultOf(id), detail }];
});
process.stdout.write(`${JSON.stringify(Object.fromEntries(told), null, 2)}\n`);
process.exit(0);

function resultOf(id) {
  const { kind = "required", depends_on: needed = [] } = tests.get(id);
  const result = results[id];
  if (needed.some((other) => !["pass", "yes"].includes(resultOf(other)))) {
    return "dependency_fail";
  }
  if (result === undefined) return "untested";
  if (result !== true && result[0] === "Setup") {
    return result[1] === "retry" ? "retry" : "setup_fail";
  }
  if (result !== true && result[0] !== "Assertion") return "harness_fail";
  if (kind === "check") return result === true ? "yes" : "no";
  if (result === true) return "pass";
  return kind === "optimal" ? "optional_fail" : "fail";
}
