// Runs tests of the suite against a base URL, with Node's HTTP client, and prints what came of
// each as JSON: {id: {suite, kind, result, detail?}}.
//
// Usage: node suite.mjs <base URL> [id…], all tests by default; those that a named one depends
// on are run with it. With --dump instead: prints the exchanges of these tests, then that.
//
// `result` as the suite's own pages tell it: pass, fail (required), optional_fail, yes, no,
// setup_fail, dependency_fail, retry; harness_fail for what is no verdict at all; untested for
// what is for browsers alone.
import fetch from "node-fetch";
import { getResults, runTests } from "http-cache-tests/client/runner.mjs";
import surrogate from "http-cache-tests/tests/surrogate-control.mjs";
import suites from "http-cache-tests/tests/index.mjs";

const [base, ...words] = process.argv.slice(2);
const isDumping = words.includes("--dump");
const named = words.filter((word) => word !== "--dump");

const all = [...suites, surrogate];
const tests = new Map(
  all.flatMap((suite) =>
    suite.tests.map((test) => [test.id, { ...test, suite: suite.id }]),
  ),
);
const wanted = named.length === 0 ? new Set(tests.keys()) : withDependencies(named);
for (const suite of all) {
  suite.tests = suite.tests.filter(({ id }) => wanted.has(id));
  for (const test of suite.tests) test.dump = isDumping;
}

// What is not answered within ten seconds fails.
const patient = (url, init) => fetch(url, { ...init, timeout: 10_000 });
await runTests(all, patient, false, base);
const results = getResults();
const told = [...wanted].toSorted().map((id) => {
  const { suite, kind = "required" } = tests.get(id);
  const result = results[id];
  const detail = result === undefined || result === true ? undefined : result[1];
  return [id, { suite, kind, result: resultOf(id), detail }];
});
const text = `${JSON.stringify(Object.fromEntries(told), null, 2)}\n`;
// A connection that some cache keeps open is no reason to stay.
process.stdout.write(text, () => process.exit(0));

function withDependencies(ids) {
  const found = new Set(ids);
  for (const id of found)
    for (const other of tests.get(id).depends_on ?? []) found.add(other);
  return found;
}

function resultOf(id) {
  const { kind = "required", depends_on: needed = [] } = tests.get(id);
  const result = results[id];
  if (result === undefined) return "untested";
  if (needed.some((other) => !["pass", "yes"].includes(resultOf(other)))) {
    return "dependency_fail";
  }
  if (result !== true && result[0] === "Setup") {
    return result[1] === "retry" ? "retry" : "setup_fail";
  }
  if (result !== true && result[0] !== "Assertion") return "harness_fail";
  if (kind === "check") return result === true ? "yes" : "no";
  if (result === true) return "pass";
  return kind === "optimal" ? "optional_fail" : "fail";
}
