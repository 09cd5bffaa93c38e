/** Organizational domains by the public suffix list (RFC 7489 section 3.2), as `tldts` has it, both of its parts. */
import { parse } from "tldts";

const WHOLE_LIST = { allowPrivateDomains: true, extractHostname: false, validateHostname: false, detectIp: false };

/** The public suffix and one label more; the name itself where it is a public suffix. */
export function organizationOfList(domain: string): string {
  return parse(domain, WHOLE_LIST).domain ?? domain;
}

/** Whether strangers register names below this one, as far as the list says so. */
export function isPublicSuffix(domain: string): boolean {
  const { publicSuffix, isIcann, isPrivate } = parse(domain, WHOLE_LIST);
  return publicSuffix === domain && (isIcann === true || isPrivate === true);
}
