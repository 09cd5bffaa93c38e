/** Adding a set to the ARC chain of a message (RFC 8617 section 5.1). */
import { encodeBase64 } from "../../base/base64.ts";
import { latin1String, utf8Bytes } from "../../base/bytes.ts";
import type { Program } from "../../contract/mod.ts";
import { BodyHashes } from "../dkim/body_hashes.ts";
import { relaxedField, type SignedField } from "../dkim/header_fields.ts";
import { MessagePages, type StoredMessage } from "../dkim/message_pages.ts";
import { type PrintedTag, signedField } from "../dkim/signature_field.ts";
import { signedData, signedNames } from "../dkim/signed_names.ts";
import type { DkimSigningKey } from "../dkim/signing_key.ts";
import { trimFws } from "../dkim/tag_list.ts";
import { arcChain, SETS_LIMIT } from "./chain.ts";
import type { ArcVerification } from "./result.ts";

/** With what, when, and what was found. */
export interface ArcSealOptions {
  /** Milliseconds since 1970, for t=. */
  readonly now: number;
  readonly key: DkimSigningKey;
  /** What was found when the message came in, Unicode, as behind the colon of an Authentication-Results field. */
  readonly authenticationResults: string;
  /** What the chain was worth when the message came in, before anything was changed. */
  readonly chain: ArcVerification["result"];
}

/** Fields to put before the message, CRLF behind each (latin1); or why there are none. */
export type ArcSealed =
  | { readonly fields: string; readonly instance: number }
  /** The chain was sealed as failed, and is at its end; it is full; there is no From; the header is too large. */
  | { readonly refused: "sealedAsFailed" | "tooManySets" | "noFrom" | "headerTooLarge" };

/**
 * Makes the next set of a message that is ready to go, with its DKIM signatures and all that was added to it.
 *
 * @see RFC 8617 section 5.1
 */
export function* sealArc(message: StoredMessage, options: ArcSealOptions): Program<ArcSealed> {
  const pages = new MessagePages(message, true);
  const fields = yield* pages.fields();
  if (fields === null) return { refused: "headerTooLarge" };
  if (!fields.some(({ name }) => name === "from")) return { refused: "noFrom" };
  const place = nextPlace(fields, options.chain);
  if ("refused" in place) return place;
  const need = { canon: "relaxed", length: null } as const;
  const hashes = new BodyHashes();
  hashes.need(need);
  yield* hashes.read(pages);
  const bodyHash = encodeBase64(hashes.digest(need).digest!);
  return { fields: printSet(fields, place, bodyHash, options), instance: place.instance };
}

/** Where a set goes: its instance, its cv=, and the sets before it as its seal signs them. */
interface Place {
  readonly instance: number;
  readonly cv: ArcVerification["result"];
  readonly before: string;
}

function nextPlace(
  fields: readonly SignedField[],
  result: ArcVerification["result"],
): Place | Extract<ArcSealed, { refused: unknown }> {
  const chain = arcChain(fields);
  // Step 2: behind cv=fail nothing is added.
  if ("broken" in chain && chain.sealedFail) return { refused: "sealedAsFailed" };
  const highest = "broken" in chain ? chain.highest : chain.sets.length;
  if (highest >= SETS_LIMIT) return { refused: "tooManySets" };
  const instance = highest + 1;
  // Section 5.1.2: a failed chain is not signed, only the set that says so.
  if ("broken" in chain || result === "fail") return { instance, cv: "fail", before: "" };
  if (highest === 0) return { instance, cv: "none", before: "" };
  // A chain of which nobody says that it passed has not.
  if (result !== "pass") return { instance, cv: "fail", before: "" };
  const before = chain.sets.flatMap(({ results, message, seal }) => [results, message, seal]);
  return { instance, cv: "pass", before: before.map(({ relaxed }) => relaxed + "\r\n").join("") };
}

function printSet(fields: readonly SignedField[], place: Place, bodyHash: string, options: ArcSealOptions): string {
  const { key } = options;
  const instance: PrintedTag = ["i", String(place.instance)];
  const time: PrintedTag = ["t", String(Math.floor(options.now / 1000))];
  const who: readonly PrintedTag[] = [["d", key.domain], ["s", key.selector], time];
  // Line ends in what was found may only be folds.
  const found = trimFws(latin1String(utf8Bytes(options.authenticationResults))).replace(/[\r\n]+[ \t]*/g, "\r\n\t");
  const results = `ARC-Authentication-Results: i=${place.instance}; ${found}`;
  // Section 4.1.2: existing DKIM-Signature fields are signed, those of ARC and Authentication-Results are not.
  const names = signedNames(fields, false, ["DKIM-Signature"]);
  const message = signedField(
    "ARC-Message-Signature",
    [instance, ["a", key.algorithm], ["c", "relaxed/relaxed"], ...who, ["h", names], ["bh", bodyHash]],
    signedData(fields, names),
    key,
  );
  const before = place.before + canonical(results) + canonical(message);
  const seal = signedField("ARC-Seal", [instance, ["a", key.algorithm], ["cv", place.cv], ...who], before, key);
  return `${seal}\r\n${message}\r\n${results}\r\n`;
}

function canonical(field: string): string {
  const colon = field.indexOf(":");
  return relaxedField(field.slice(0, colon).toLowerCase(), field.slice(colon + 1)) + "\r\n";
}
