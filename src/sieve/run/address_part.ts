/** Parts of addresses (RFC 5228 section 2.7.4, RFC 5233). */
import { lowerAscii } from "../../base/ascii.ts";
import { formatLocal } from "../../base/address.ts";
import type { CheckedNode } from "../script.ts";

/** What of an address is compared. */
export type AddressPart = "all" | "localpart" | "domain" | "user" | "detail";

const PARTS: readonly AddressPart[] = ["all", "localpart", "domain", "user", "detail"];

/** What a test asks for. */
export function addressPart(node: CheckedNode): AddressPart {
  return PARTS.find((part) => node.values.has(":" + part)) ?? "all";
}

/** That part, or null where the address has none. `host` is empty for what is no address: only `:all` sees it. */
export function partOfAddress(local: string, host: string, part: AddressPart, separators: string): string | null {
  if (host === "") return part === "all" ? local : null;
  switch (part) {
    case "all":
      return `${formatLocal(local)}@${host}`;
    case "localpart":
      return local;
    case "domain":
      return lowerAscii(host);
    default: {
      let at = -1;
      for (const separator of separators) {
        const found = local.indexOf(separator);
        if (found >= 0 && (at < 0 || found < at)) at = found;
      }
      if (part === "user") return at < 0 ? local : local.slice(0, at);
      return at < 0 ? null : local.slice(at + 1); // RFC 5233 section 4: without a separator there is no detail
    }
  }
}
