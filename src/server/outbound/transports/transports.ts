/** Which relay goes by which transport. */
import type { OutboundConfig, RelayConfig } from "../../config/config.ts";
import { httpTransport, type HttpTransportOptions } from "./http_transport.ts";
import type { MailTransport } from "./transport.ts";

/** Transports by the names that a configuration calls them. */
export type Transports = Readonly<Record<string, MailTransport>>;

/** One transport for each relay that has one; null for SMTP and LMTP. */
export function transportsOf(
  own: Transports,
  options: HttpTransportOptions,
): (relay: RelayConfig) => MailTransport | null {
  const made = new Map<RelayConfig, MailTransport>();
  return (relay) => {
    if (relay.protocol === "custom") return named(own, relay);
    if (relay.protocol !== "http") return null;
    const transport = made.get(relay) ?? httpTransport(relay, options);
    made.set(relay, transport);
    return transport;
  };
}

/** Throws where the configuration names a transport that nobody brought along. */
export function checkTransports({ relay, routes, senderRoutes }: OutboundConfig, own: Transports): void {
  for (const one of [relay, ...routes.values(), ...senderRoutes.values()]) {
    if (one?.protocol === "custom") named(own, one);
  }
}

function named(own: Transports, { transport }: RelayConfig): MailTransport {
  const name = transport ?? "";
  if (Object.hasOwn(own, name)) return own[name]!;
  throw new Error(`outbound: there is no transport "${name}"; give it to createServer as transports["${name}"]`);
}
