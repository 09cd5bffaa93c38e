/** From log events to metrics: what happened is said once, and counted where it is said. */
import type { LogEvent, SessionInfo } from "../contract/mod.ts";
import type { Metrics } from "./metrics.ts";

/** Events that are counted, with the metric that counts them. */
const COUNTED: Readonly<Record<string, { readonly metric: string; readonly help: string }>> = {
  "login": { metric: "palomar_logins_total", help: "Successful logins." },
  "login.refused": { metric: "palomar_logins_refused_total", help: "Refused logins." },
  "message.accepted": { metric: "palomar_messages_accepted_total", help: "Messages taken responsibility for." },
  "message.submitted": {
    metric: "palomar_messages_submitted_total",
    help: "Messages taken from people who logged in.",
  },
  "message.refused": { metric: "palomar_messages_refused_total", help: "Messages refused after their data." },
  "smtp.refused": { metric: "palomar_smtp_refused_total", help: "SMTP commands refused." },
};

/** Counts events by the protocol of their session. */
export function observer(metrics: Metrics): (event: LogEvent, session: SessionInfo) => void {
  const counters = new Map(
    Object.entries(COUNTED).map(([event, { metric, help }]) => [event, metrics.counter(metric, help, ["protocol"])]),
  );
  return (event, session) => counters.get(event.event)?.add([session.protocol]);
}
