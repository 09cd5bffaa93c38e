/** From log events to metrics: what happened is said once, and counted where it is said. */
import type { LogEvent, SessionInfo } from "../contract/mod.ts";
import type { Metrics } from "./metrics.ts";

/** Events that are counted, with the metric that counts them. */
const COUNTED: Readonly<Record<string, { readonly metric: string; readonly help: string; readonly by?: string }>> = {
  "login": { metric: "palomar_logins_total", help: "Successful logins." },
  "login.refused": { metric: "palomar_logins_refused_total", help: "Refused logins." },
  "message.accepted": { metric: "palomar_messages_accepted_total", help: "Messages taken responsibility for." },
  "message.submitted": {
    metric: "palomar_messages_submitted_total",
    help: "Messages taken from people who logged in.",
  },
  "message.refused": { metric: "palomar_messages_refused_total", help: "Messages refused after their data." },
  // What scripts of a message that is refused say is counted too: they said it.
  "filter.action": {
    metric: "palomar_filter_actions_total",
    help: "What filters said, by the kind of action.",
    by: "action",
  },
  "filter.failed": { metric: "palomar_filter_failures_total", help: "Scripts that ended by an error or cannot run." },
  "smtp.refused": { metric: "palomar_smtp_refused_total", help: "SMTP commands refused." },
};

/** Counts events by the protocol of their session, or by a field that has few values. */
export function observer(metrics: Metrics): (event: LogEvent, session: SessionInfo) => void {
  const counters = new Map(
    Object.entries(COUNTED).map(([event, { metric, help, by }]) =>
      [event, { counter: metrics.counter(metric, help, [by ?? "protocol"]), by }] as const
    ),
  );
  return (event, session) => {
    const found = counters.get(event.event);
    if (found) found.counter.add([found.by === undefined ? session.protocol : String(event.fields[found.by])]);
  };
}
