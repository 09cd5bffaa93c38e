/**
 * Whether a message of the DNS may be taken apart at all. Names are compressed by pointers, and a few octets can ask for
 * very much work: pointers to pointers, and thousands of records that all lead to one long name.
 */

/** Records of all sections: the largest honest answers have some hundreds. */
const MOST_RECORDS = 512;
/** Pointers behind each other without a label between; honest writers make none, those of others one or two. */
const MOST_JUMPS = 8;
const POINTER = 0xc0;

/** `bytes` has at least a header (12 octets). */
export function isSane(bytes: Uint8Array): boolean {
  let records = 0;
  for (const at of [6, 8, 10]) records += (bytes[at]! << 8) | bytes[at + 1]!;
  return records <= MOST_RECORDS && longestChain(bytes) <= MOST_JUMPS;
}

/** Looks at every octet as if a pointer stood there, which costs less than to know where names are. */
function longestChain(bytes: Uint8Array): number {
  // A pointer leads to the first 16 KiB (RFC 1035 section 4.1.4), and only backwards.
  const chains = new Uint16Array(Math.min(bytes.length, 0x4000));
  let longest = 0;
  for (let at = 0; at + 1 < bytes.length; at++) {
    if (bytes[at]! < POINTER) continue;
    const target = ((bytes[at]! & 0x3f) << 8) | bytes[at + 1]!;
    const before = target < at && bytes[target]! >= POINTER ? chains[target]! + 1 : 0;
    if (at < chains.length) chains[at] = before;
    longest = Math.max(longest, before);
  }
  return longest;
}
