/** DKIM signatures of a submitted message. */
import { domainToAscii } from "../base/address.ts";
import { utf8Bytes } from "../base/bytes.ts";
import { type Args, ask, logEvent, OpFailed, type Program } from "../contract/mod.ts";
import type { EnvelopeAddress } from "../message/model.ts";

/** Of the domains in From, so many are tried. */
const MOST_DOMAINS = 5;

/**
 * The fields to put before everything else, or nothing. DMARC compares the signer with the domain in From, so that
 * signs if it has keys; else the sender's does (RFC 7489 section 3.1). A message that cannot be signed goes unsigned.
 *
 * What is signed is what leaves: the client ends lines and stuffs dots, which verifiers see through, and binary messages
 * are not taken. But whoever sends must not change anything else: a body that is made quoted-printable for a host
 * without 8BITMIME voids these signatures (RFC 6376 section 5.3), so it is signed anew (`server/outbound/sign_again.ts`).
 */
export function* signaturesOf(
  message: Args<"message.receive">,
  authors: readonly EnvelopeAddress[],
  fields: string,
  now: number,
): Program<string> {
  const { blobId, size, traceId, peer, envelope: { sender } } = message;
  const domains = signers(authors, sender.reversePath || (peer.login?.login ?? ""));
  if (domains.length === 0) return "";
  const args = { domains, blobId, size, prefix: utf8Bytes(fields), now };
  try {
    const answer = yield* ask("message.sign", args);
    if ("fields" in answer) return answer.fields;
    const level = answer.unsigned === "noKeys" ? "debug" : "warn";
    yield logEvent(level, "message.unsigned", { traceId, domain: domains[0]!, reason: answer.unsigned });
  } catch (error) {
    if (!(error instanceof OpFailed)) throw error;
    yield logEvent("warn", "message.unsigned", { traceId, domain: domains[0]!, reason: error.message });
  }
  return "";
}

function signers(authors: readonly EnvelopeAddress[], submitter: string): string[] {
  const found = new Set<string>();
  for (const { host } of authors) {
    const domain = host === null || host === "" ? null : domainToAscii(host);
    if (domain !== null) found.add(domain);
  }
  const domains = [...found].slice(0, MOST_DOMAINS);
  const own = submitter.includes("@") ? domainToAscii(submitter.slice(submitter.lastIndexOf("@") + 1)) : null;
  return own === null ? domains : [...new Set([...domains, own])];
}
