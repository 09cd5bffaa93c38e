/** Both identities of an SMTP session (RFC 7208 sections 2.3 and 2.4). */
import type { Program } from "../../contract/mod.ts";
import type { MethodResult } from "../method_result.ts";
import { checkHost } from "./check_host.ts";
import type { SpfResult } from "./result.ts";

/** What SMTP knows of a message's sender. */
export interface SpfSession {
  /** The client's address as text. */
  readonly address: string;
  /** What it said in HELO or EHLO, the last time. */
  readonly helo: string;
  /** Without brackets; empty for the null sender. */
  readonly reversePath: string;
  /** The name of this server. */
  readonly receiver: string;
}

/** What SPF says of a session. */
export interface SpfOfSession {
  readonly helo: SpfResult;
  /** For the null sender the same as `helo` (RFC 7208 section 2.4). DMARC takes this one, with its `domain`. */
  readonly mailFrom: SpfResult;
  /** For Authentication-Results: the MAIL FROM identity first, or only HELO where the sender is null. */
  readonly methods: readonly MethodResult[];
}

/** Checks HELO and MAIL FROM. Questions that both ask are answered from the resolver's cache. */
export function* spfOfSession(session: SpfSession): Program<SpfOfSession> {
  const { address, helo, reversePath, receiver } = session;
  const heloResult = yield* checkHost({ address, domain: helo, sender: `postmaster@${helo}`, helo, receiver });
  const heloMethod = methodOf(heloResult, "helo", helo);
  if (reversePath === "") return { helo: heloResult, mailFrom: heloResult, methods: [heloMethod] };
  const domain = reversePath.slice(reversePath.lastIndexOf("@") + 1);
  const mailFrom = yield* checkHost({ address, domain, sender: reversePath, helo, receiver });
  // RFC 8601 section 2.7.2: the local part only where the records had something to say of it.
  const value = mailFrom.usesLocalPart ? reversePath : domain;
  return { helo: heloResult, mailFrom, methods: [methodOf(mailFrom, "mailfrom", value), heloMethod] };
}

function methodOf(result: SpfResult, property: "mailfrom" | "helo", value: string): MethodResult {
  return {
    method: "spf",
    result: result.result,
    reason: result.result === "pass" || result.result === "none" ? null : result.why,
    properties: [{ ptype: "smtp", property, value }],
  };
}
