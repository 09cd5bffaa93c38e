/** Asking the DNS for keys (RFC 6376 sections 3.6.2 and 6.1.2), each name once a message. */
import { ask, type Program } from "../../contract/mod.ts";
import { type KeyRecord, keyRecord } from "./key_record.ts";
import type { SigningAlgorithm } from "./signature.ts";

/** Records of one name that are tried; RFC 6376 section 3.6.2.2 wants only one. */
const RECORDS_LIMIT = 4;
/** After so many names without an answer no other is asked: a message must not wait for a dozen dead servers. */
const FAILURES_LIMIT = 2;

/** Keys that may verify a signature, at least one, or why there is none. */
export type FoundKeys =
  | { readonly keys: readonly Extract<KeyRecord, { key: unknown }>[] }
  | { readonly result: "temperror" | "permerror" | "policy"; readonly reason: string };

/** Whose key is wanted. */
export interface KeyName {
  readonly domain: string;
  readonly selector: string;
  readonly algorithm: SigningAlgorithm;
}

/** One for each message. */
export class KeyFinder {
  readonly #answers = new Map<string, readonly string[] | "failed">();
  #failures = 0;

  *find({ domain, selector, algorithm }: KeyName): Program<FoundKeys> {
    const texts = yield* this.#ask(`${selector}._domainkey.${domain}`);
    if (texts === "failed") return { result: "temperror", reason: "the DNS did not answer for the key" };
    const type = algorithm === "rsa-sha256" ? "rsa" : "ed25519";
    const keys: Extract<KeyRecord, { key: unknown }>[] = [];
    let problem: FoundKeys = { result: "permerror", reason: "there is no such key" };
    for (const text of texts.slice(0, RECORDS_LIMIT)) {
      const record = keyRecord(text, type);
      if (record === "foreign") continue;
      if ("key" in record) keys.push(record);
      else problem = record;
    }
    return keys.length > 0 ? { keys } : problem;
  }

  *#ask(name: string): Program<readonly string[] | "failed"> {
    const known = this.#answers.get(name);
    if (known) return known;
    if (this.#failures >= FAILURES_LIMIT) return "failed";
    const answer = yield* ask("dns.resolve", { name, type: "TXT" });
    const texts: string[] = [];
    if (answer.kind === "ok") {
      for (const record of answer.records) {
        if (record.type === "TXT") texts.push(record.text);
      }
    }
    if (answer.kind === "tempfail") this.#failures++;
    const found = answer.kind === "tempfail" ? "failed" : texts;
    this.#answers.set(name, found);
    return found;
  }
}
