/** Domains and selectors of tags (RFC 6376 section 3.5, RFC 8616): as A-labels in lower case, fit for a DNS question. */
import { domainToAscii } from "../../base/address.ts";
import { isAscii } from "../../base/ascii.ts";
import { latin1Bytes, utf8Strict } from "../../base/bytes.ts";

// "_" is not of the grammar, but stands in selectors that people use, and the DNS has no objection.
const NAME = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*$/;

/** A selector: one label or several. Null where the text is none. */
export function selectorValue(value: string): string | null {
  // U-labels come as UTF-8 (RFC 8616 section 2); a tag's text has one character an octet.
  const text = isAscii(value) ? value : utf8Strict(latin1Bytes(value));
  const name = text === null || text.length > 253 ? null : domainToAscii(text);
  return name !== null && name.length <= 253 && NAME.test(name) ? name : null;
}

/** A domain name of at least two labels: nobody signs for `com`. Null where the text is none. */
export function domainValue(value: string): string | null {
  const name = selectorValue(value);
  return name !== null && name.includes(".") ? name : null;
}

/** Whether `domain` is `parent` or below it; both as above. */
export function isWithin(domain: string, parent: string): boolean {
  return domain === parent || domain.endsWith("." + parent);
}
