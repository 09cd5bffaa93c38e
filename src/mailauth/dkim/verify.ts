/** Verifying the DKIM signatures of a message (RFC 6376 section 6). */
import type { Program } from "../../contract/mod.ts";
import { BodyHashes } from "./body_hashes.ts";
import { isWithin } from "./domain_value.ts";
import { conclude, type Pending, prepare } from "./evaluation.ts";
import type { SignedField } from "./header_fields.ts";
import { KeyFinder } from "./key_finder.ts";
import { MessagePages, type StoredMessage } from "./message_pages.ts";
import type { DkimResult, DkimVerification } from "./result.ts";
import { claims, dkimSignature, type MessageSignature, signatureTags, type Void } from "./signature.ts";
import { type TagList, withoutFws } from "./tag_list.ts";

/** Signatures that are evaluated: each may cost a question to the DNS and a few checks with a key. */
const EVALUATED = 8;
/** Signatures that are read at all, to choose among them. */
const READ = 64;

/** How strict, and when. */
export interface DkimVerifyOptions {
  /** When the message came in, milliseconds since 1970: what x= is compared with. */
  readonly now: number;
  /** The domain of From, if it is known: of too many signatures those are taken that can align with it. */
  readonly authorDomain?: string;
  /** Whether a signature passes that leaves octets of the body out (l=). Default no: anybody could have added them. */
  readonly allowPartialBody?: boolean;
}

/**
 * Reads a stored message once and verifies its signatures. The body comes in pages, so memory and the time between two
 * questions stay bounded; so do signatures, questions to the DNS and the work a key may make.
 *
 * @see RFC 6376 section 6
 */
export function* verifyDkim(message: StoredMessage, options: DkimVerifyOptions): Program<DkimVerification> {
  const pages = new MessagePages(message);
  const fields = yield* pages.fields();
  if (fields === null) return HEADER_TOO_LARGE;
  const hashes = new BodyHashes();
  const check = yield* prepareDkim(fields, options, new KeyFinder(), hashes);
  yield* hashes.read(pages);
  return concludeDkim(check, fields, hashes, options);
}

/** What is said of a message whose header is not read. */
export const HEADER_TOO_LARGE: DkimVerification = { results: [], notEvaluated: 0, headerTooLarge: true };

/** Signatures between the header and the body. */
export interface DkimCheck {
  readonly signatures: readonly { readonly read: Read; readonly pending: Pending | null }[];
  readonly notEvaluated: number;
}

/** One signature, read. */
interface Read {
  readonly field: SignedField;
  readonly tags: TagList | null;
  readonly signature: MessageSignature | Void;
}

/** Reads the signatures, finds their keys, and says what is needed of the body. */
export function* prepareDkim(
  fields: readonly SignedField[],
  options: DkimVerifyOptions,
  finder: KeyFinder,
  hashes: BodyHashes,
): Program<DkimCheck> {
  const all = fields.filter((field) => field.name === "dkim-signature");
  const chosen = choose(all.slice(0, READ).map((field) => readSignature(field, options.now)), options.authorDomain);
  const signatures = [];
  for (const read of chosen) {
    const { field, signature } = read;
    signatures.push({ read, pending: "void" in signature ? null : yield* prepare(field, signature, finder, hashes) });
  }
  return { signatures, notEvaluated: all.length - chosen.length };
}

/** The results, once the body is read. */
export function concludeDkim(
  check: DkimCheck,
  fields: readonly SignedField[],
  hashes: BodyHashes,
  { allowPartialBody = false }: DkimVerifyOptions,
): DkimVerification {
  const results = check.signatures.map(({ read, pending }): DkimResult => {
    const { signature } = read;
    if (pending) {
      const { domain, selector, algorithm, identity } = pending.signature;
      const conclusion = conclude(pending, fields, hashes, allowPartialBody);
      return { ...conclusion, domain, selector, algorithm, identity, signature: mark(read) };
    }
    const { void: result, reason } = signature as Void;
    const said = read.tags ? claims(read.tags) : { domain: null, selector: null, algorithm: null };
    const nothing = { identity: null, testing: false, coveredOctets: null, uncoveredOctets: null };
    return { result, reason, ...said, ...nothing, signature: mark(read) };
  });
  return { results, notEvaluated: check.notEvaluated, headerTooLarge: false };
}

function readSignature(field: SignedField, now: number): Read {
  const tags = signatureTags(field);
  if ("void" in tags) return { field, tags: null, signature: tags };
  const signature = dkimSignature(tags);
  if (!("void" in signature) && signature.expiresAt !== null && signature.expiresAt * 1000 < now) {
    return { field, tags, signature: { void: "policy", reason: "the signature has expired" } };
  }
  return { field, tags, signature };
}

/** The first ones that can align with the author's domain, then the first others; in the order of the header. */
function choose(read: readonly Read[], author: string | undefined): Read[] {
  if (read.length <= EVALUATED) return [...read];
  const aligned = read.filter(({ signature }) =>
    author !== undefined && "domain" in signature &&
    (isWithin(author, signature.domain) || isWithin(signature.domain, author))
  );
  const taken = new Set([...new Set([...aligned, ...read])].slice(0, EVALUATED));
  return read.filter((one) => taken.has(one));
}

function mark({ tags }: Read): string | null {
  const text = withoutFws(tags?.get("b")?.value ?? "").slice(0, 8);
  return /^[A-Za-z0-9+/=]+$/.test(text) ? text : null;
}
