import assert from "node:assert/strict";
import { createMetrics } from "../../src/server/metrics.ts";

Deno.test("Metrics.print() gives counters, gauges and histograms in Prometheus' text form", () => {
  const metrics = createMetrics();
  const bare = metrics.counter("palomar_starts_total", "Starts.");
  const accepted = metrics.counter("palomar_messages_total", "Messages.\nAll of them.", ["protocol", "result"]);
  metrics.gauge("palomar_queue", "Rows.", ["state"]).set(3, ["ready"]);
  metrics.gaugeOf("palomar_up", "Up.", () => 1);
  const times = metrics.histogram("palomar_seconds", "Times.", [0.1, 1], ["op"]);
  bare.add();
  accepted.add(["smtp", 'a"b\\c\nd']);
  accepted.add(["smtp", "ok"], 5);
  for (const value of [0.1, 0.5, 7]) times.observe(value, ["x"]);
  assert.deepEqual(metrics.print().split("\n"), [
    "# HELP palomar_starts_total Starts.",
    "# TYPE palomar_starts_total counter",
    "palomar_starts_total 1",
    "# HELP palomar_messages_total Messages.\\nAll of them.",
    "# TYPE palomar_messages_total counter",
    'palomar_messages_total{protocol="smtp",result="a\\"b\\\\c\\nd"} 1',
    'palomar_messages_total{protocol="smtp",result="ok"} 5',
    "# HELP palomar_queue Rows.",
    "# TYPE palomar_queue gauge",
    'palomar_queue{state="ready"} 3',
    "# HELP palomar_up Up.",
    "# TYPE palomar_up gauge",
    "palomar_up 1",
    "# HELP palomar_seconds Times.",
    "# TYPE palomar_seconds histogram",
    'palomar_seconds_bucket{op="x",le="0.1"} 1',
    'palomar_seconds_bucket{op="x",le="1"} 2',
    'palomar_seconds_bucket{op="x",le="+Inf"} 3',
    'palomar_seconds_sum{op="x"} 7.6',
    'palomar_seconds_count{op="x"} 3',
    "",
  ]);
});

Deno.test("Metrics do not grow without end, and a name stands once", () => {
  const metrics = createMetrics();
  const counter = metrics.counter("palomar_x_total", "X.", ["who"]);
  for (let i = 0; i < 5000; i++) counter.add([`w${i}`]);
  const lines = metrics.print().split("\n");
  assert.ok(lines.length < 510, String(lines.length));
  assert.ok(lines.includes('palomar_x_total{who="other"} 4500'));
  assert.throws(() => metrics.gauge("palomar_x_total", "X."), /there already/);
});
