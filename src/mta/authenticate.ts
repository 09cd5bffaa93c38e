/** Who a message from outside is really from, and what follows (RFC 7208, 6376, 9989, 8601). */
import type { BlobId, Peer, Program } from "../contract/mod.ts";
import {
  arcMethodResult,
  type ArcVerification,
  authenticationResultsField,
  authorOf,
  type DkimFact,
  dkimMethodResults,
  dmarcMethodResult,
  type DmarcResult,
  evaluateDmarc,
  iprev,
  type MethodResult,
  parseAuthenticationResults,
  type SpfOfSession,
  spfOfSession,
  verifyDkimAndArc,
} from "../mailauth/mod.ts";
import type { Refusal } from "../contract/mod.ts";
import type { HeaderField } from "../message/header.ts";
import type { AuthenticationPolicy } from "./policy.ts";

/** What is checked. */
export interface Unproven {
  readonly peer: Peer;
  readonly reversePath: string;
  readonly blobId: BlobId;
  readonly size: number;
  readonly fields: readonly HeaderField[];
  /** Our name: the authserv-id of what is written. */
  readonly hostname: string;
  readonly now: number;
}

/** What came of it. */
export interface Authentication {
  readonly methods: readonly MethodResult[];
  readonly spf: SpfOfSession;
  readonly dkim: readonly DkimFact[];
  readonly dmarc: DmarcResult;
  readonly arc: ArcVerification;
}

/** What is done with a message. */
export type Verdict =
  | { readonly kind: "accept" }
  /** It goes where the account keeps its junk. */
  | { readonly kind: "junk"; readonly why: string }
  | { readonly kind: "refuse"; readonly refusal: Refusal };

/** All methods, one after the other; their questions are answered from one cache. */
export function* authenticate(message: Unproven, policy: AuthenticationPolicy): Program<Authentication> {
  const { peer, reversePath, blobId, size, fields, hostname, now } = message;
  const address = peer.session.remoteAddress;
  // Whoever brings the mail of others is none of those that the sender's domain names.
  const isClient = peer.session.brought !== "untold";
  const spf = isClient
    ? yield* spfOfSession({ address, helo: peer.helo, reversePath, receiver: hostname })
    : unknownSpf(reversePath);
  const author = authorOf(fields);
  // Of too many signatures those are looked at that can speak for the author.
  const authorDomain = author.kind === "unusable" ? undefined : author.domains[0];
  const { dkim, arc } = yield* verifyDkimAndArc(
    { blobId, size },
    { now, ...(authorDomain === undefined ? {} : { authorDomain }) },
  );
  const { mailFrom } = spf;
  const facts = dkim.results.flatMap(({ result, domain, selector, identity }): DkimFact[] =>
    domain === null ? [] : [{ method: "dkim", result, domain, selector, identity }]
  );
  const dmarc = yield* evaluateDmarc({
    fields,
    spf: { method: "spf", result: mailFrom.result, domain: mailFrom.domain },
    dkim: facts,
  }, { organization: policy.organization, malformedFrom: "quarantine", sample: null });
  const reverse = isClient ? [(yield* iprev(address)).method] : [];
  const methods = [...spf.methods, ...dkimMethodResults(dkim)];
  if (arc.result !== "none") methods.push(arcMethodResult(arc, address));
  methods.push(dmarcMethodResult(dmarc), ...reverse);
  return { methods, spf, dkim: facts, dmarc, arc };
}

/** RFC 7208 section 2.6.1: nothing could be asked. */
function unknownSpf(reversePath: string): SpfOfSession {
  const none: SpfOfSession["mailFrom"] = {
    result: "none",
    domain: reversePath.slice(reversePath.lastIndexOf("@") + 1),
    matched: null,
    explanation: null,
    why: "the client is not known.",
    lookups: { terms: 0, voids: 0, questions: 0 },
    usesLocalPart: false,
  };
  return { helo: none, mailFrom: none, methods: [] };
}

/** The field that says so, with its CRLF: the first of all that delivery puts before the message (RFC 8601 section 4). */
export function resultsField({ methods }: Authentication, hostname: string): string {
  return authenticationResultsField({ authservId: hostname, version: 1, results: methods });
}

/** What a site does about it. A failure of the DNS never refuses anything: what could not be asked has not failed. */
export function judge(found: Authentication, policy: AuthenticationPolicy, traceId: string): Verdict {
  const { spf, dmarc } = found;
  if (vouchedFor(found, policy)) return { kind: "accept" };
  if (policy.spf === "reject" && spf.mailFrom.result === "fail" && dmarc.result !== "pass") {
    // RFC 7372 section 3.2; what the domain itself says of it is for the sender (RFC 7208 section 6.2).
    const { explanation, domain, why } = spf.mailFrom;
    return refused(
      "5.7.23",
      `SPF: ${why}${explanation === null ? "" : ` ${domain} explains: ${explanation}`}`,
      traceId,
    );
  }
  if (dmarc.disposition === "none" || policy.dmarc === "mark") return { kind: "accept" };
  if (dmarc.disposition === "reject" && policy.dmarc === "enforce") {
    return refused("5.7.1", `DMARC: ${dmarc.sentence}`, traceId);
  }
  return { kind: "junk", why: dmarc.sentence };
}

/**
 * RFC 8617 section 7.2: forwarders that the site trusts, all of the chain, and the first of them saw DMARC pass for the
 * author's domain.
 */
function vouchedFor({ arc, dmarc }: Authentication, { trustedForwarders }: AuthenticationPolicy): boolean {
  if (dmarc.result !== "fail" || arc.result !== "pass") return false;
  if (!arc.claims.every(({ sealedBy }) => sealedBy !== null && trustedForwarders.includes(sealedBy))) return false;
  const first = parseAuthenticationResults(arc.claims[0]!.authenticationResults);
  return !("malformed" in first) &&
    first.results.some(({ method, result, properties }) =>
      method === "dmarc" && result === "pass" &&
      properties.some(({ property, value }) => property === "from" && value === dmarc.domain)
    );
}

/** One sentence for `palomar why`. */
export function describeAuthentication({ methods, dmarc }: Authentication): string {
  const said = methods.map(({ method, result, properties }) => {
    const about = properties.find(({ property }) => ["mailfrom", "helo", "d", "from"].includes(property))?.value;
    return `${method} ${result}${about === undefined ? "" : ` (${about})`}`;
  });
  return `Checked: ${said.join(", ")}. ${dmarc.sentence}`;
}

function refused(enhanced: string, text: string, traceId: string): Verdict {
  // A reply is ASCII and short; what strangers wrote in it can do no harm.
  const plain = text.replace(/[^\x20-\x7e]/g, "?").slice(0, 400);
  return { kind: "refuse", refusal: { code: 550, enhanced, text: `${plain} (${traceId})` } };
}
