/** The programs that decide about mail, with what the configuration says. */
import { randomBytes } from "node:crypto";
import { isIP } from "node:net";
import type { SessionInfo } from "../contract/mod.ts";
import type { FilterPolicy } from "../mda/mod.ts";
import { submitMail, verifySubmittedRecipient, verifySubmitter } from "../msa/mod.ts";
import type { AuthenticationPolicy } from "../mta/policy.ts";
import { receiveMail } from "../mta/receive.ts";
import { verifyRecipient, verifySender } from "../mta/verify.ts";
import { isIn, networks } from "../net/connection_limits.ts";
import type { Config } from "./config/mod.ts";
import { tellAccepted } from "./webhooks/tell_accepted.ts";
import type { TellMail } from "./webhooks/mod.ts";
import type { MailPrograms } from "./world.ts";

/** Which program decides: submission for those who log in, receiving for everybody else. */
export function mailPrograms(config: Config, filter?: FilterPolicy): MailPrograms {
  const { hostname, limits } = config;
  const giveUpMs = config.outbound.retry.giveUp;
  const { messageSize, headerSize, hops: maxHops } = limits;
  const common = {
    hostname,
    messageSize,
    headerSize,
    maxHops,
    giveUpMs,
    forwarding: config.forwarding,
    ...(filter && { filter }),
  };
  const receive = { ...common, authentication: authenticationPolicy(config), readReports: config.readReports };
  const submit = {
    ...common,
    maxRecipients: limits.recipients,
    discloseClient: false,
    futureReleaseMs: limits.futureRelease,
  };
  const isSubmission = (session: SessionInfo): boolean => session.protocol === "submission";
  return {
    verifySender: (args) =>
      isSubmission(args.peer.session) ? verifySubmitter(args, submit) : verifySender(args, receive),
    verifyRecipient: (args) =>
      isSubmission(args.peer.session) ? verifySubmittedRecipient(args, submit) : verifyRecipient(args, receive),
    receive: (args) => isSubmission(args.peer.session) ? submitMail(args, submit) : receiveMail(args, receive),
  };
}

/** The same programs; what they accept is told. */
export function telling(programs: MailPrograms, tell: TellMail): MailPrograms {
  return {
    ...programs,
    receive: (args) => tellAccepted(programs.receive(args), args, args.peer.session.protocol === "submission", tell),
  };
}

function authenticationPolicy({ authentication, dmarcReports }: Config): AuthenticationPolicy {
  const trusted = networks(authentication.trusted);
  // A UNIX socket has no address: whoever reaches it is of this machine.
  const isTrusted = (address: string): boolean => isIP(address) === 0 || isIn(trusted, address);
  return { ...authentication, report: dmarcReports.send, isTrusted, ...failureKey(dmarcReports) };
}

/** Tokens need not outlive the process. */
function failureKey({ failures }: Config["dmarcReports"]): { failureKey?: Uint8Array } {
  return failures ? { failureKey: new Uint8Array(randomBytes(32)) } : {};
}
