/** The result in a sentence for people: senders who are refused, operators who look why. */
import type { DmarcResult } from "./model.ts";

const REASONS: Readonly<Record<DmarcResult["reason"], (result: Omit<DmarcResult, "sentence">) => string>> = {
  aligned: ({ domain, spfAligned, dkimAligned }) =>
    `${domain} has been shown by ${spfAligned && dkimAligned ? "SPF and DKIM" : spfAligned ? "SPF" : "DKIM"}.`,
  notAligned: (result) => `Neither SPF nor DKIM shows that the message is from ${result.domain}${asked(result)}`,
  noRecord: ({ domain }) => `${domain} publishes no DMARC policy.`,
  unusableRecord: ({ policyDomain }) => `The DMARC record of ${policyDomain} holds no policy that can be read.`,
  dnsFailed: ({ domain }) => `The DNS did not tell what DMARC needs to know about ${domain}.`,
  noFrom: () => "The message has no From field.",
  severalFrom: () => "The message has several From fields.",
  noAuthorDomain: () => "The From field names no address with a domain.",
  unusableFrom: () => "The From field can be read in more than one way, or names a domain that cannot exist.",
  tooManyAuthors: () => "The From field names too many domains.",
};

/** One sentence, at most a few hundred characters. */
export function sentenceOf(result: Omit<DmarcResult, "sentence">): string {
  return REASONS[result.reason](result);
}

function asked({ policyDomain, policy, disposition, overrides }: Omit<DmarcResult, "sentence">): string {
  if (policy === null || policy === "none") return ".";
  const [override] = overrides;
  const but = override === undefined
    ? ""
    : override.type === "policy_test_mode"
    ? ", in test mode"
    : ", for a part of it";
  const done = disposition === policy ? "" : `, so it is ${disposition === "none" ? "let pass" : "put aside"}`;
  return `, and ${policyDomain} asks to ${policy} such mail${but}${done}.`;
}
