/**
 * Traces of OpenTelemetry, where Deno makes them (OTEL_DENO): the span that it opened for a request is told the route, so
 * that spans and its own metrics of requests are told apart by that, and the request's id, which the log has.
 */

/** As far as it is used, of what `Deno.telemetry` gives out. */
interface Span {
  updateName(name: string): unknown;
  setAttribute(name: string, value: string): unknown;
}

interface Telemetry {
  readonly contextManager?: { active(): { getValue(key: symbol): unknown } | undefined };
}

/** By its specification the name under which a context keeps its span. */
const SPAN = Symbol.for("OpenTelemetry Context Key SPAN");

/** Costs nothing where nobody traces. */
export function traceRequest(method: string, route: string, requestId: string): void {
  const { telemetry } = Deno as unknown as { readonly telemetry?: Telemetry };
  const span = telemetry?.contextManager?.active?.()?.getValue?.(SPAN) as Partial<Span> | undefined;
  if (typeof span?.updateName !== "function" || typeof span.setAttribute !== "function") return;
  span.updateName(`${method} ${route}`);
  span.setAttribute("http.route", route);
  span.setAttribute("palomar.request", requestId);
}
