/** IP addresses as numbers: parsing, comparing by prefix, and the forms that SPF writes them in. */
import { lowerAscii } from "../../base/ascii.ts";

/** An address as 16-bit words: two for IPv4, eight for IPv6. */
export interface IpAddress {
  readonly version: 4 | 6;
  readonly words: readonly number[];
}

/** The longest text of an address: IPv6 with an IPv4 tail. */
const LONGEST = 45;

/**
 * The address of a client; null where it is none (a UNIX socket). A zone is local to the host and falls away. RFC 7208
 * section 5: a client with an IPv4-mapped IPv6 address is an IPv4 client.
 */
export function clientAddress(text: string): IpAddress | null {
  const bare = text.split("%", 1)[0]!;
  const address = parseIp4(bare) ?? parseIp6(bare);
  if (address?.version !== 6) return address;
  const { words } = address;
  const mapped = words[5] === 0xffff && words.slice(0, 5).every((word) => word === 0);
  return mapped ? { version: 4, words: words.slice(6) } : address;
}

/** `ip4-network` (RFC 7208 section 5.6): four decimal numbers without leading zeros. */
export function parseIp4(text: string): IpAddress | null {
  let bits = 0;
  let octet = -1; // no digit yet
  let dots = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 46 && octet >= 0 && dots < 3) {
      bits = bits * 256 + octet;
      octet = -1;
      dots++;
    } else if (code >= 48 && code <= 57 && octet !== 0) {
      octet = Math.max(octet, 0) * 10 + code - 48;
      if (octet > 255) return null;
    } else return null;
  }
  if (octet < 0 || dots !== 3) return null;
  bits = bits * 256 + octet;
  return { version: 4, words: [Math.floor(bits / 65_536), bits % 65_536] };
}

/** `ip6-network` (RFC 4291 section 2.2): groups, at most one `::`, and an IPv4 tail where there is one. */
export function parseIp6(text: string): IpAddress | null {
  if (text.length > LONGEST || !text.includes(":")) return null;
  const halves = text.split("::");
  if (halves.length > 2) return null;
  const whole = halves.length === 1;
  const left = groups(halves[0]!, whole);
  const right = whole ? [] : groups(halves[1]!, true);
  if (!left || !right) return null;
  const missing = 8 - left.length - right.length;
  if (whole ? missing !== 0 : missing < 1) return null;
  return { version: 6, words: [...left, ...Array<number>(missing).fill(0), ...right] };
}

function groups(text: string, mayEndInIp4: boolean): number[] | null {
  if (text === "") return [];
  const words: number[] = [];
  const parts = text.split(":");
  for (const [index, part] of parts.entries()) {
    if (/^[0-9a-f]{1,4}$/i.test(part)) {
      words.push(parseInt(part, 16));
      continue;
    }
    const tail = mayEndInIp4 && index === parts.length - 1 ? parseIp4(part) : null;
    if (!tail) return null;
    words.push(...tail.words);
  }
  return words;
}

/** Whether the first `prefix` bits of both are the same; never for an IPv4 and an IPv6 address. */
export function inNetwork(address: IpAddress, network: IpAddress, prefix: number): boolean {
  if (address.version !== network.version) return false;
  for (let i = 0, bits = prefix; bits > 0; i++, bits -= 16) {
    const differ = address.words[i]! ^ network.words[i]!;
    if (bits >= 16 ? differ !== 0 : differ >> (16 - bits) !== 0) return false;
  }
  return true;
}

/** As people read it: dotted, or the shortest form of IPv6 (RFC 5952 section 4). */
export function addressText(address: IpAddress): string {
  if (address.version === 4) return octetsOf(address).join(".");
  const { start, length } = longestZeros(address.words);
  const hex = address.words.map((word) => word.toString(16));
  if (length < 2) return hex.join(":");
  return `${hex.slice(0, start).join(":")}::${hex.slice(start + length).join(":")}`;
}

function longestZeros(words: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  for (let start = 0; start < words.length; start++) {
    let end = start;
    while (words[end] === 0) end++;
    if (end - start > best.length) best = { start, length: end - start };
  }
  return best;
}

/** The parts that RFC 7208 section 7.3 joins by dots for `%{i}`: octets of IPv4, nibbles of IPv6. */
export function addressParts(address: IpAddress): string[] {
  if (address.version === 4) return octetsOf(address).map(String);
  return address.words.flatMap((word) => [...word.toString(16).padStart(4, "0")]);
}

/** The name whose PTR records name the address (RFC 1035 section 3.5, RFC 3596 section 2.5). */
export function reverseName(address: IpAddress): string {
  const root = address.version === 4 ? "in-addr.arpa" : "ip6.arpa";
  return `${addressParts(address).reverse().join(".")}.${root}`;
}

/** Whether an address record holds this address. */
export function isAddress(text: string, address: IpAddress): boolean {
  return isWithin(text, address, address.version === 4 ? 32 : 128);
}

/** Whether an address record and this address have their first `prefix` bits in common. */
export function isWithin(text: string, address: IpAddress, prefix: number): boolean {
  const found = address.version === 4 ? parseIp4(text) : parseIp6(lowerAscii(text));
  return found !== null && inNetwork(address, found, prefix);
}

function octetsOf(address: IpAddress): number[] {
  return address.words.flatMap((word) => [word >> 8, word & 255]);
}
