/** Key records (RFC 6376 section 3.6.1): one TXT record of a selector, its strings joined. */
import { lowerAscii } from "../../base/ascii.ts";
import { base64Value } from "./base64_value.ts";
import { type PublicKey, publicKey } from "./public_key.ts";
import { colonList, parseTagList } from "./tag_list.ts";

/** Octets of a record that are read; the largest key that is taken needs less than a thousand. */
const RECORD_LIMIT = 8 * 1024;

/** A record that can be used, or what it is instead. */
export type KeyRecord =
  | {
    readonly key: Exclude<PublicKey, { unfit: unknown }>;
    /** t=y: the domain tries DKIM out. */
    readonly testing: boolean;
    /** t=s: the domain of i= must be d= itself. */
    readonly strict: boolean;
  }
  | { readonly result: "permerror" | "policy"; readonly reason: string }
  /** No key record at all: what a wildcard answers, a record of another kind. */
  | "foreign";

/** Reads a record for a signature with SHA-256 and a key of `type`. */
export function keyRecord(text: string, type: "rsa" | "ed25519"): KeyRecord {
  if (text.length > RECORD_LIMIT) return permerror("the key record is too long");
  const tags = parseTagList(text);
  if ("malformed" in tags) return /\bp\s*=/.test(text) ? permerror(`in the key record ${tags.malformed}`) : "foreign";
  const version = tags.get("v")?.value;
  const p = tags.get("p")?.value;
  // "Records beginning with a v= tag with any other value MUST be discarded": SPF and the like.
  if (version !== undefined && version !== "DKIM1") return "foreign";
  if (version !== undefined && tags.keys().next().value !== "v") {
    return permerror("v= is not the first tag of the key record");
  }
  if (p === undefined) return version === undefined ? "foreign" : permerror("the key record has no p=");
  const hashes = tags.get("h");
  if (hashes && !colonList(lowerAscii(hashes.value)).includes("sha256")) return permerror("the key is not for SHA-256");
  const services = colonList(lowerAscii(tags.get("s")?.value ?? "*"));
  if (!services.includes("*") && !services.includes("email")) return permerror("the key is not for mail");
  if (p === "") return permerror("the key is revoked");
  const keyType = lowerAscii(tags.get("k")?.value ?? "rsa");
  if (keyType !== "rsa" && keyType !== "ed25519") return permerror("the type of the key is not known");
  if (keyType !== type) return permerror("the key is of another type than the signature");
  const octets = base64Value(p);
  const key: PublicKey = octets === null ? { unfit: "malformed" } : publicKey(type, octets);
  if ("unfit" in key) return UNFIT[key.unfit];
  // g= of RFC 4871 is no more: it is an unknown tag, which is ignored.
  const flags = colonList(lowerAscii(tags.get("t")?.value ?? ""));
  return { key, testing: flags.includes("y"), strict: flags.includes("s") };
}

const UNFIT = {
  malformed: permerror("the key is malformed"),
  weak: { result: "policy", reason: "the key has fewer than 1024 bits" }, // RFC 8301 section 3.2
  huge: { result: "policy", reason: "the key is too large" },
} as const;

function permerror(reason: string): { readonly result: "permerror"; readonly reason: string } {
  return { result: "permerror", reason };
}
