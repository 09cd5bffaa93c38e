/** What programs do with mail by HTTP, put together: for the server, and for the command line on a store of its own. */
import type { HttpDeps } from "../http/deps.ts";
import { createSendDesk, type SendDeskParts } from "./sending/mod.ts";
import { inboundDesk, type InboundDeskParts } from "./inbound/mod.ts";
import type { Suppressions } from "./sending/suppressions.ts";
import type { Webhooks } from "./webhooks/mod.ts";

export interface MailByHttpParts extends Pick<InboundDeskParts, "world">, Omit<SendDeskParts, "suppressed" | "sends"> {
  readonly suppressions: Suppressions;
  readonly webhooks: Webhooks;
}

/** Desks of the HTTP layer. */
export type MailByHttp = Pick<HttpDeps, "sending" | "suppressions" | "webhooks" | "inbound" | "messageSize">;

export function mailByHttp({ webhooks, ...parts }: MailByHttpParts): MailByHttp {
  return {
    suppressions: parts.suppressions,
    webhooks: webhooks.desk,
    inbound: inboundDesk(parts),
    messageSize: parts.messageSize,
    sending: createSendDesk({
      ...parts,
      sends: () => webhooks.sends(),
      suppressed: (sent, recipients) => webhooks.tell({ kind: "suppressed", sent, recipients }),
    }),
  };
}
