/** Whether the name of a client's address leads back to it (RFC 8601 section 3). */
import type { Program } from "../../contract/mod.ts";
import type { MethodResult } from "../method_result.ts";
import { addressText, clientAddress } from "./ip_address.ts";
import { newWork } from "./lookups.ts";
import { leadsBack, pointerNames } from "./reverse.ts";
import { noAddress } from "./words.ts";

/** What reverse and forward lookup say of a client. */
export interface Iprev {
  readonly result: "pass" | "fail" | "temperror" | "permerror";
  /** The first name that leads back. */
  readonly name: string | null;
  /** For Authentication-Results. */
  readonly method: MethodResult;
}

/**
 * Looks up the names of `address`, at most ten, and whether one of them has that address. `permerror` is an address
 * without a name (RFC 8601 section 2.7.3).
 */
export function* iprev(address: string): Program<Iprev> {
  const client = clientAddress(address);
  if (!client) return toIprev("permerror", null, address, noAddress(address));
  const text = addressText(client);
  const work = newWork();
  const pointers = yield* pointerNames(work, client);
  if (pointers.kind === "tempfail") return toIprev("temperror", null, text, "the DNS does not answer now");
  if (pointers.kind === "void") return toIprev("permerror", null, text, "the address has no name");
  let failed = false;
  for (const name of pointers.names) {
    const back = yield* leadsBack(work, name, client);
    if (back === "yes") return toIprev("pass", name, text, null);
    failed ||= back === "tempfail";
  }
  return failed
    ? toIprev("temperror", null, text, "the DNS does not answer now")
    : toIprev("fail", null, text, "no name of the address leads back to it");
}

function toIprev(result: Iprev["result"], name: string | null, address: string, reason: string | null): Iprev {
  const properties = [{ ptype: "policy", property: "iprev", value: address }] as const;
  return { result, name, method: { method: "iprev", result, reason, properties } };
}
