/** The names of an address, and whether they lead back to it (RFC 7208 section 5.5). */
import type { DnsType, Program } from "../../contract/mod.ts";
import { type IpAddress, isAddress, reverseName } from "./ip_address.ts";
import { NAME_LIMIT, resolve, type Work } from "./lookups.ts";
import { spfName } from "./name.ts";

/** The type of the address records that can hold it. */
export function addressType(address: IpAddress): DnsType {
  return address.version === 4 ? "A" : "AAAA";
}

/** The names that PTR records give; RFC 7208 section 4.6.4: those after the first ten are ignored. */
export function* pointerNames(
  work: Work,
  address: IpAddress,
): Program<{ readonly kind: "ok" | "void" | "tempfail"; readonly names: readonly string[] }> {
  const answer = yield* resolve(work, reverseName(address), "PTR");
  if (answer.kind === "tempfail") return { kind: "tempfail", names: [] };
  if (answer.kind !== "ok") return { kind: "void", names: [] };
  const names: string[] = [];
  for (const record of answer.records.slice(0, NAME_LIMIT)) {
    const name = record.type === "PTR" ? spfName(record.name) : null;
    if (name !== null && !names.includes(name)) names.push(name);
  }
  return { kind: "ok", names };
}

/** Whether a name has this address: then it is validated. */
export function* leadsBack(work: Work, name: string, address: IpAddress): Program<"yes" | "no" | "tempfail"> {
  const answer = yield* resolve(work, name, addressType(address));
  if (answer.kind === "tempfail") return "tempfail";
  if (answer.kind !== "ok") return "no";
  const same = answer.records.some((record) =>
    (record.type === "A" || record.type === "AAAA") && isAddress(record.address, address)
  );
  return same ? "yes" : "no";
}
