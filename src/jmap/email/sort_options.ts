/** By what emails can be sorted (RFC 8621 section 4.4.2), as the session tells it. */
export const EMAIL_SORT_OPTIONS: readonly string[] = [
  "receivedAt",
  "sentAt",
  "size",
  "from",
  "to",
  "subject",
  "hasKeyword",
  "allInThreadHaveKeyword",
  "someInThreadHaveKeyword",
];
