/** What receiving learns of a message from outside besides what it says itself, and what it decides by it. */
import {
  type Args,
  ask,
  type BlobId,
  type JournalEntry,
  logEvent,
  type Program,
  type Refusal,
} from "../contract/mod.ts";
import { forgedResults, hiddenFields } from "../mailauth/mod.ts";
import { joinRanges } from "../base/octet_ranges.ts";
import { SYSTEM_FULL } from "../mda/mod.ts";
import { type HeaderField, unfold } from "../message/header.ts";
import { authenticate, type Authentication, describeAuthentication, judge, resultsField } from "./authenticate.ts";
import { countForReport } from "./dmarc_count.ts";
import { tellFailure } from "./dmarc_failure.ts";
import type { ReceivePolicy } from "./policy.ts";
import { claimedAuthor, isReportAddress, type ProvenAuthor, provenAuthor } from "./report_mail.ts";

/** Octets behind the header that are looked at. */
const BEHIND = 64 * 1024;

type Received = Args<"message.receive">;

/** It may come in. */
export interface Checked {
  /** Fields to put before it. */
  readonly fields: string;
  /** It goes to Junk. */
  readonly junk: boolean;
  /** The message, without what spoke in our name. */
  readonly body: { readonly blobId: BlobId; readonly size: number };
  readonly journal: readonly JournalEntry[];
  /** What was found, for whoever it is passed on to; null where nothing was looked for. */
  readonly found: { readonly authenticationResults: string; readonly chain: "none" | "pass" | "fail" } | null;
  readonly author: ProvenAuthor;
  /** The envelope sender is somebody else's, most likely: SPF fails and DMARC does not vouch for the author. */
  readonly forgedSender: boolean;
}

/** It may not. */
export interface TurnedAway {
  readonly refusal: Refusal;
  readonly journal: readonly JournalEntry[];
}

/** Checks who it is from, where the client is one whose mail is checked. */
export function* check(
  args: Received,
  fields: readonly HeaderField[],
  bodyStart: number,
  policy: ReceivePolicy,
  now: number,
): Program<Checked | TurnedAway> {
  const { peer, blobId, size, traceId } = args;
  const { authentication, hostname } = policy;
  // Over LMTP a server of our own in front has checked, and may write in the same name.
  const isTrusted = !authentication || peer.session.protocol === "lmtp" ||
    (!peer.session.brought && authentication.isTrusted(peer.session.remoteAddress));
  if (isTrusted) {
    const body = yield* without(args, []);
    if ("refused" in body) return { refusal: SYSTEM_FULL, journal: [] };
    return {
      fields: "",
      junk: false,
      body,
      journal: [],
      found: null,
      author: claimedAuthor(fields),
      forgedSender: false,
    };
  }
  const { reversePath } = args.envelope.sender;
  const all = [...fields, ...yield* fieldsBehind(args, bodyStart)];
  const found = yield* authenticate({ peer, reversePath, blobId, size, fields: all, hostname, now }, authentication);
  const verdict = judge(found, authentication, traceId);
  yield checkedEvent(found, traceId, verdict.kind);
  // Mail to where reports go would make reports about reports.
  if (!args.envelope.recipients.every(({ forwardPath }) => isReportAddress(forwardPath))) {
    const sourceIp = peer.session.remoteAddress;
    const counted = { found, verdict, sourceIp, reversePath, fields: all, now };
    if (authentication.report) yield* countForReport(counted, authentication);
    if (authentication.failureKey) yield* tellFailure(counted, hostname, authentication.failureKey);
  }
  const journal = [entry(now, "checked", describeAuthentication(found))];
  if (verdict.kind === "refuse") {
    const { refusal } = verdict;
    return { refusal, journal: [...journal, entry(now, "refused", `Refused with ${refusal.code}: ${refusal.text}`)] };
  }
  const clean = yield* without(args, forgedResults(all, [hostname]));
  if ("refused" in clean) return { refusal: SYSTEM_FULL, journal };
  const junk = verdict.kind === "junk";
  if (junk) journal.push(entry(now, "junk", `Put into Junk: ${verdict.why}`));
  const field = resultsField(found, hostname);
  const authenticationResults = unfold(field).slice(field.indexOf(":") + 1).replaceAll("\t", " ").trim();
  const { result: chain } = found.arc;
  const author = provenAuthor(found);
  const forgedSender = found.spf.mailFrom.result === "fail" && found.dmarc.result !== "pass";
  return { fields: field, junk, body: clean, journal, found: { authenticationResults, chain }, author, forgedSender };
}

/** What lenient mail programs take for the header, though for us it ended at a line that is no field. */
function* fieldsBehind({ blobId, size }: Received, bodyStart: number): Program<readonly HeaderField[]> {
  const start = Math.max(0, bodyStart - 4); // the line end before, and the blank line if there is one
  const octets = yield* ask("blob.read", { accountId: null, blobId, start, end: Math.min(size, bodyStart + BEHIND) });
  return hiddenFields(octets, bodyStart - start).map((field) => (
    { ...field, start: field.start + start, end: field.end + start }
  ));
}

/**
 * The message as it is kept: without what filters removed, and without results in our name (RFC 8601 section 5: whoever
 * believes what we write would believe what others wrote).
 */
function* without(
  { blobId, size, cut: removed = [] }: Received,
  forged: readonly HeaderField[],
): Program<Checked["body"] | { readonly refused: "full" }> {
  const cut = joinRanges([...removed, ...forged]);
  return cut.length === 0 ? { blobId, size } : yield* ask("body.rewrite", { blobId, cut });
}

function checkedEvent({ spf, dmarc, methods }: Authentication, traceId: string, verdict: string) {
  return logEvent("info", "message.checked", {
    traceId,
    spf: spf.mailFrom.result,
    dkim: methods.filter(({ method }) => method === "dkim").map(({ result }) => result).join(" "),
    dmarc: dmarc.result,
    author: dmarc.domain,
    verdict,
  });
}

function entry(at: number, event: string, detail: string): JournalEntry {
  return { at, event, recipient: null, detail };
}
