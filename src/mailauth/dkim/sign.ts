/** Signing a message (RFC 6376 section 5, RFC 8301, RFC 8463). */
import { encodeBase64 } from "../../base/base64.ts";
import type { Program } from "../../contract/mod.ts";
import { BodyHashes } from "./body_hashes.ts";
import { MessagePages, type StoredMessage } from "./message_pages.ts";
import { draftField, type FieldDraft, type PrintedTag } from "./signature_field.ts";
import { signedData, signedNames } from "./signed_names.ts";
import type { DkimSigningKey } from "./signing_key.ts";

/** With what, and when. */
export interface DkimSignOptions {
  /** Milliseconds since 1970, for t=. */
  readonly now: number;
  /** One signature each; an RSA and an Ed25519 key together serve everybody (RFC 8463 section 3). */
  readonly keys: readonly DkimSigningKey[];
  /** Seconds after which the signatures expire (x=). Left out: never. */
  readonly expiresIn?: number;
}

/** Fields to put before the message, CRLF behind each; or why there are none. */
export type DkimSigned =
  | { readonly fields: string }
  /** No From, which must be signed; several, of which readers show any; a header of more than half a megabyte. */
  | { readonly refused: "noFrom" | "severalFrom" | "headerTooLarge" };

/** A field for each key, to be signed by whoever holds the keys; or why there are none. */
export type DkimPrepared =
  | { readonly drafts: readonly { readonly key: DkimSigningKey; readonly draft: FieldDraft }[] }
  | Extract<DkimSigned, { refused: unknown }>;

/** All of `signDkim` but the signatures, which take a processor's time: so they can be made elsewhere. */
export function* prepareDkim(message: StoredMessage, options: DkimSignOptions): Program<DkimPrepared> {
  const pages = new MessagePages(message, true);
  const fields = yield* pages.fields();
  if (fields === null) return { refused: "headerTooLarge" };
  const authors = fields.filter(({ name }) => name === "from").length;
  if (authors !== 1) return { refused: authors === 0 ? "noFrom" : "severalFrom" };
  const need = { canon: "relaxed", length: null } as const;
  const hashes = new BodyHashes();
  hashes.need(need);
  yield* hashes.read(pages);
  const bodyHash = encodeBase64(hashes.digest(need).digest!);
  const names = signedNames(fields, true);
  const data = signedData(fields, names);
  const drafts = options.keys.map((key) => ({
    key,
    draft: draftField("DKIM-Signature", tagsOf(key, options, names, bodyHash), data),
  }));
  return { drafts };
}

/**
 * Makes the DKIM-Signature fields of a stored message. The canonicalization is relaxed for header and body, the whole
 * body is signed as it goes over the wire, and fields that people see are signed once more than they are there.
 *
 * @see RFC 6376 section 5
 */
export function* signDkim(message: StoredMessage, options: DkimSignOptions): Program<DkimSigned> {
  const prepared = yield* prepareDkim(message, options);
  if ("refused" in prepared) return prepared;
  return { fields: prepared.drafts.map(({ key, draft }) => `${draft.finish(key.sign(draft.data))}\r\n`).join("") };
}

function tagsOf(key: DkimSigningKey, options: DkimSignOptions, names: string[], bodyHash: string): PrintedTag[] {
  const now = Math.floor(options.now / 1000);
  const tags: PrintedTag[] = [
    ["v", "1"],
    ["a", key.algorithm],
    ["c", "relaxed/relaxed"],
    ["d", key.domain],
    ["s", key.selector],
    ["t", String(now)],
  ];
  if (options.expiresIn !== undefined) tags.push(["x", String(now + Math.max(1, Math.floor(options.expiresIn)))]);
  tags.push(["h", names], ["bh", bodyHash]);
  return tags;
}
