/** Verifying the ARC chain of a message (RFC 8617 section 5.2). */
import { latin1Bytes } from "../../base/bytes.ts";
import type { Program } from "../../contract/mod.ts";
import { BodyHashes } from "../dkim/body_hashes.ts";
import { checkSignature, conclude, type Pending, prepare } from "../dkim/evaluation.ts";
import { withoutSignature } from "../dkim/header_data.ts";
import type { SignedField } from "../dkim/header_fields.ts";
import { KeyFinder } from "../dkim/key_finder.ts";
import { MessagePages, type StoredMessage } from "../dkim/message_pages.ts";
import type { DkimVerification } from "../dkim/result.ts";
import { keyedSignature, messageSignature, signatureTags } from "../dkim/signature.ts";
import { concludeDkim, type DkimVerifyOptions, HEADER_TOO_LARGE, prepareDkim } from "../dkim/verify.ts";
import { arcChain, type ArcSet } from "./chain.ts";
import type { ArcVerification } from "./result.ts";

/** Message signatures that are looked at, from the newest on, to find the oldest that verifies. */
const LOOKED_AT = 10;

/**
 * Verifies the chain of a stored message, which is read once and in pages.
 *
 * @see RFC 8617 section 5.2
 */
export function* verifyArc(message: StoredMessage, options: DkimVerifyOptions): Program<ArcVerification> {
  const pages = new MessagePages(message);
  const fields = yield* pages.fields();
  if (fields === null) return failed("the header is too large", 0);
  const finder = new KeyFinder();
  const hashes = new BodyHashes();
  const check = yield* prepareArc(fields, options, finder, hashes);
  yield* hashes.read(pages);
  return yield* concludeArc(check, fields, finder, hashes, options);
}

/** Both of DKIM and ARC in one pass over the message. */
export function* verifyDkimAndArc(
  message: StoredMessage,
  options: DkimVerifyOptions,
): Program<{ readonly dkim: DkimVerification; readonly arc: ArcVerification }> {
  const pages = new MessagePages(message);
  const fields = yield* pages.fields();
  if (fields === null) return { dkim: HEADER_TOO_LARGE, arc: failed("the header is too large", 0) };
  const finder = new KeyFinder();
  const hashes = new BodyHashes();
  const signatures = yield* prepareDkim(fields, options, finder, hashes);
  const chain = yield* prepareArc(fields, options, finder, hashes);
  yield* hashes.read(pages);
  const dkim = concludeDkim(signatures, fields, hashes, options);
  return { dkim, arc: yield* concludeArc(chain, fields, finder, hashes, options) };
}

/** A chain between the header and the body: its newest message signatures, the newest first. */
type ArcCheck = ArcVerification | { readonly sets: readonly ArcSet[]; readonly messages: readonly Pending[] };

function* prepareArc(
  fields: readonly SignedField[],
  { now }: DkimVerifyOptions,
  finder: KeyFinder,
  hashes: BodyHashes,
): Program<ArcCheck> {
  const chain = arcChain(fields);
  if ("broken" in chain) return failed(chain.broken, chain.highest);
  const { sets } = chain;
  if (sets.length === 0) {
    return { result: "none", reason: "there is no chain", instance: 0, oldestPass: null, claims: [] };
  }
  const messages: Pending[] = [];
  for (const set of sets.toReversed().slice(0, LOOKED_AT)) {
    const read = readMessageSignature(set, now);
    if (typeof read !== "string") messages.push(yield* prepare(set.message, read, finder, hashes));
    else if (messages.length === 0) return failed(`message signature i=${set.instance}: ${read}`, sets.length);
    else break;
  }
  return { sets, messages };
}

/** RFC 8617 section 4.1.2: the tags of a DKIM-Signature but v= and i=. A string says what is wrong. */
function readMessageSignature({ message }: ArcSet, now: number) {
  const tags = signatureTags(message);
  const read = "void" in tags ? tags : messageSignature(tags);
  if ("void" in read) return read.reason;
  if (read.signedNames.some((name) => name.startsWith("arc-"))) return "it signs fields of ARC";
  if (read.expiresAt !== null && read.expiresAt * 1000 < now) return "the signature has expired";
  return read;
}

function* concludeArc(
  check: ArcCheck,
  fields: readonly SignedField[],
  finder: KeyFinder,
  hashes: BodyHashes,
  { allowPartialBody = false }: DkimVerifyOptions,
): Program<ArcVerification> {
  if ("result" in check) return check;
  const { sets, messages } = check;
  const count = sets.length;
  let passed = 0;
  for (const pending of messages) {
    const { result, reason } = conclude(pending, fields, hashes, allowPartialBody);
    // Step 4: the newest must verify. Step 5: older ones only tell how long the message is as it was.
    if (result !== "pass" && passed === 0) return failed(`message signature i=${count}: ${reason}`, count);
    if (result !== "pass") break;
    passed++;
  }
  const fault = yield* sealFault(sets, finder);
  if (fault !== null) return failed(fault, count);
  const claims = sets.map(({ instance, sealTags, resultsText }) => {
    const keyed = keyedSignature(sealTags);
    return { instance, sealedBy: "void" in keyed ? null : keyed.domain, authenticationResults: resultsText };
  });
  const oldestPass = passed === count ? 0 : count - passed + 1;
  return { result: "pass", reason: "the chain verifies", instance: count, oldestPass, claims };
}

/** Step 6: every seal, from the newest to the oldest. A string says which one fails, and why. */
function* sealFault(sets: readonly ArcSet[], finder: KeyFinder): Program<string | null> {
  const before = [""];
  for (const set of sets) before.push(before.at(-1)! + canonicalSet(set) + set.seal.relaxed + "\r\n");
  for (const set of sets.toReversed()) {
    const tags = signatureTags(set.seal);
    const keyed = "void" in tags ? tags : keyedSignature(tags);
    if ("void" in keyed) return `seal i=${set.instance}: ${keyed.reason}`;
    const found = yield* finder.find(keyed);
    if (!("keys" in found)) return `seal i=${set.instance}: ${found.reason}`;
    const own = withoutSignature(set.seal, keyed.signatureAt, "relaxed");
    const data = latin1Bytes(before[set.instance - 1]! + canonicalSet(set) + own);
    const fault = checkSignature(found.keys, data, keyed);
    if (fault !== null) return `seal i=${set.instance}: ${fault}`;
  }
  return null;
}

/** RFC 8617 section 5.1.1: what comes before the seal of a set. */
function canonicalSet({ results, message }: ArcSet): string {
  return `${results.relaxed}\r\n${message.relaxed}\r\n`;
}

function failed(reason: string, instance: number): ArcVerification {
  return { result: "fail", reason, instance, oldestPass: null, claims: [] };
}
