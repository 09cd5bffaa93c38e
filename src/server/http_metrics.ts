/** Numbers about requests, by the templates of their routes. */
import type { HttpDeps } from "../http/deps.ts";
import { type Metrics, SECONDS } from "./metrics.ts";

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
