import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type MetricFamily, prometheusText } from "../../src/http/prometheus-text.ts";
import { parsePrometheus } from "./prometheus-parser.ts";

const gauge = (samples: MetricFamily["samples"], help = "Some"): MetricFamily => ({
  name: "some_number",
  type: "gauge",
  help,
  samples,
});

describe("prometheusText()", () => {
  test("writes help, type and samples of each family, each on a line that ends", () => {
    const text = prometheusText([
      {
        name: "calls_total",
        type: "counter",
        help: "Calls",
        samples: [
          { labels: { result: "good", of: "all" }, value: 3 },
          { labels: { result: "bad", of: "all" }, value: 0 },
        ],
      },
      gauge([{ labels: {}, value: 0.25 }]),
    ]);

    expect(text).toBe(`# HELP calls_total Calls
# TYPE calls_total counter
calls_total{result="good",of="all"} 3
calls_total{result="bad",of="all"} 0
# HELP some_number Some
# TYPE some_number gauge
some_number 0.25
`);
  });

  test("escapes what would end a label's value or a line", () => {
    const text = prometheusText([
      gauge([{ labels: { of: 'a\\b"c\nd' }, value: 1 }], 'one\\two\n"three"'),
    ]);

    expect(text).toBe(
      String.raw`# HELP some_number one\\two\n"three"` +
        "\n# TYPE some_number gauge\n" +
        String.raw`some_number{of="a\\b\"c\nd"} 1` +
        "\n",
    );
  });

  test.each([
    [Number.MAX_SAFE_INTEGER, "9007199254740991"],
    [1e21, "1e+21"],
    [-1.5, "-1.5"],
    [NaN, "NaN"],
    [Infinity, "+Inf"],
    [-Infinity, "-Inf"],
  ])("writes %d as %s", (value, expected) => {
    const text = prometheusText([gauge([{ labels: {}, value }])]);

    expect(text).toEndWith(`\nsome_number ${expected}\n`);
  });

  test("is read as it was meant, whatever stands in labels and help", () => {
    const character = fc.constantFrom(
      "\\",
      "\n",
      '"',
      "n",
      ",",
      "}",
      " ",
      "#",
      "é",
      "🌍",
    );
    const line = fc.string({ unit: character, minLength: 1 });
    fc.assert(
      fc.property(line, line, fc.double(), (help, label, value) => {
        const labels = { of: label };

        const families = parsePrometheus(
          prometheusText([gauge([{ labels, value }], help)]),
        );

        expect(families.get("some_number")).toEqual({
          type: "gauge",
          help,
          samples: [{ labels, value: value === 0 ? 0 : value }],
        });
      }),
    );
  });
});
