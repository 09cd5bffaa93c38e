/** What became of the addresses of a host, in words for the queue and the journal. */
import type { Host, Relay } from "../../mta/queue/mod.ts";
import { ConnectError } from "../../net/connect.ts";
import { ownTemporary, type RecipientResult } from "../../smtp/client/mod.ts";
import type { Lost } from "./race.ts";

/** Nobody was connected to: temporary, whatever it is. */
export function notConnected({ name, port }: Host<Relay>, lost: readonly Lost<Host<Relay>>[]): RecipientResult {
  const tls = lost.length > 0 && lost.every(({ error }) => kindOf(error) === "tls");
  const enhanced = tls ? "4.7.5" : "4.4.1";
  const [only] = lost;
  if (lost.length !== 1 || only === undefined) {
    const all = lost.map(({ host, error }) => `${host.address} ${WORDS[kindOf(error)]}`).join(", ");
    return ownTemporary(enhanced, `${name} (port ${port}) cannot be reached${all === "" ? "" : `: ${all}`}`);
  }
  const where = `${name} (${only.host.address}, port ${port})`;
  return ownTemporary(enhanced, tls ? `No TLS with ${where} could be had` : `${where} ${WORDS[kindOf(only.error)]}`);
}

/**
 * The address that answered, and those before it that did not: `192.0.2.1; 2001:db8::1 does not answer`. Null: the name
 * says it.
 */
export function viaText({ name, address }: Host<Relay>, lost: readonly Lost<Host<Relay>>[]): string | null {
  if (name === address && lost.length === 0) return null;
  return [address, ...lost.map(({ host, error }) => `${host.address} ${WORDS[kindOf(error)]}`)].join("; ");
}

const WORDS: Readonly<Record<ConnectError["kind"], string>> = {
  refused: "refuses connections",
  timeout: "does not answer",
  tls: "cannot do TLS",
  unreachable: "cannot be reached",
};

function kindOf(error: unknown): ConnectError["kind"] {
  return error instanceof ConnectError ? error.kind : "unreachable";
}
