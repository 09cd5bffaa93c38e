/** The extensions that a script may `require`, by their capability names. */
const NAMES = [
  "body", // RFC 5173
  "comparator-i;ascii-casemap", // RFC 5228 section 2.7.3
  "comparator-i;ascii-numeric", // RFC 4790 section 9.1
  "comparator-i;octet",
  "comparator-i;unicode-casemap", // RFC 5051
  "copy", // RFC 3894
  "date", // RFC 5260
  "duplicate", // RFC 7352
  "editheader", // RFC 5293
  "enclose", // RFC 5703
  "encoded-character", // RFC 5228 section 2.4.2.4
  "enotify", // RFC 5435, with mailto of RFC 5436
  "envelope", // RFC 5228 section 5.4
  "environment", // RFC 5183
  "ereject", // RFC 5429
  "extlists", // RFC 6134
  "extracttext", // RFC 5703
  "fcc", // RFC 8580
  "fileinto", // RFC 5228 section 4.1
  "foreverypart", // RFC 5703
  "ihave", // RFC 5463
  "imap4flags", // RFC 5232
  "imapsieve", // RFC 6785
  "include", // RFC 6609
  "index", // RFC 5260
  "mailbox", // RFC 5490
  "mailboxid", // RFC 9042
  "mboxmetadata", // RFC 5490
  "mime", // RFC 5703
  "regex", // draft-ietf-sieve-regex
  "reject", // RFC 5429
  "relational", // RFC 5231
  "replace", // RFC 5703
  "servermetadata", // RFC 5490
  "spamtest", // RFC 5235
  "spamtestplus", // RFC 5235
  "special-use", // RFC 8579
  "subaddress", // RFC 5233
  "vacation", // RFC 5230
  "vacation-seconds", // RFC 6131
  "variables", // RFC 5229
  "virustest", // RFC 5235
] as const;

/** All that this implementation knows; a server advertises what its world can answer of it (`SieveWorld`). */
export const SIEVE_EXTENSIONS: readonly string[] = NAMES;

/** Schemes of URIs that `notify` takes (RFC 5435 section 8, and the capability NOTIFY of RFC 5804 section 1.7). */
export const SIEVE_NOTIFY_METHODS: readonly string[] = ["mailto"];

/** Extensions that bring others along. */
export const IMPLIED: ReadonlyMap<string, readonly string[]> = new Map([
  ["vacation-seconds", ["vacation"]], // RFC 6131 section 2
  ["spamtestplus", ["spamtest"]],
]);
