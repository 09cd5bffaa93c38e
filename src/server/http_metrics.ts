/** Numbers about requests, by the templates of their routes, and who may see numbers. */
import type { HttpDeps } from "../http/deps.ts";
import { utf8Bytes } from "../base/bytes.ts";
import { digest, equalSecretBytes } from "../base/hash.ts";
import { isIn, networks } from "../net/connection_limits.ts";
import type { Clock } from "./clock.ts";
import type { Config } from "./config/mod.ts";
import type { Storage } from "../storage/storage.ts";
import { type Gauge, type Metrics, SECONDS } from "./metrics.ts";
import { VERSION } from "./version.ts";

const METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

/** Counts each request that was answered. */
export function countRequests(metrics: Metrics): NonNullable<HttpDeps["requestDone"]> {
  const labels = ["method", "route", "code"];
  const total = metrics.counter("palomar_http_requests_total", "HTTP requests that were answered.", labels);
  const help = "Until an HTTP request was answered; the body may still be on its way.";
  const took = metrics.histogram("palomar_http_request_duration_seconds", help, SECONDS, ["area"]);
  return ({ method, route, status, seconds }) => {
    const known = METHODS.has(method) ? method : "other";
    total.add([known, route, `${Math.floor(status / 100)}xx`]);
    took.observe(seconds, [areaOf(route)]);
  };
}

/** Histograms are large: one for each part of the server. */
function areaOf(route: string): string {
  if (route.startsWith("/api/")) return "api";
  if (route.startsWith("/jmap")) return "jmap";
  return route.startsWith("/.well-known/") ? "well-known" : "other";
}

/** Who may see the metrics: everybody, unless the configuration names some. */
export function metricsAccess({ token, from }: Config["http"]["metrics"]): NonNullable<HttpDeps["maySeeMetrics"]> {
  const listed = networks(from);
  const digestOf = (text: string): Uint8Array => digest("sha256", utf8Bytes(text));
  const wanted = token === null ? null : digestOf(token.reveal());
  return (shown, address) => {
    if (wanted === null && from.length === 0) return true;
    // A UNIX socket has no address: whoever reaches it is of this machine.
    if (from.length > 0 && (address === "" || isIn(listed, address))) return true;
    return wanted !== null && shown !== null && equalSecretBytes(digestOf(shown), wanted);
  };
}

/** What every exporter tells of its process. */
export function aboutProcess(metrics: Metrics, clock: Clock): void {
  const started = clock.wall() / 1000;
  metrics.gauge("palomar_build_info", "1, with the version that runs.", ["version"]).set(1, [VERSION]);
  metrics.gaugeOf("process_start_time_seconds", "When it started, in seconds since 1970.", () => started);
  metrics.gaugeOf("process_resident_memory_bytes", "Memory that it holds.", () => Deno.memoryUsage().rss);
}

/** The queue is counted when somebody looks; a store in trouble leaves the last count. */
export async function printMetrics(metrics: Metrics, rows: Gauge, storage: Storage): Promise<string> {
  const count = await storage.perform("queue.count", {}).catch(() => null);
  if (count !== null) { for (const [state, number] of Object.entries(count)) rows.set(number, [state]); }
  return metrics.print();
}
