/** What programs do with mail by HTTP, put together: for the server, and for the command line on a store of its own. */
import type { HttpDeps } from "../http/deps.ts";
import { createSendDesk, type SendDeskParts } from "./sending/mod.ts";
import { Suppressions } from "./sending/suppressions.ts";

export type MailByHttpParts = Omit<SendDeskParts, "suppressions" | "suppressed">;

/** Desks of the HTTP layer. */
export type MailByHttp = Pick<HttpDeps, "sending" | "suppressions" | "messageSize">;

export function mailByHttp(parts: MailByHttpParts): MailByHttp {
  const suppressions = new Suppressions({ storage: parts.storage, now: () => parts.clock.wall() });
  return { suppressions, messageSize: parts.messageSize, sending: createSendDesk({ ...parts, suppressions }) };
}
