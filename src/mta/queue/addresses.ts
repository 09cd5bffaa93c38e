/** IP addresses as routing judges them. */
import { lowerAscii, parseDigits } from "../../base/ascii.ts";

/** An IP address from text that may be a host name: IPv4 dotted or IPv6 without brackets, lower case; else null. */
export function ipAddress(text: string): string | null {
  if (octets(text) !== null) return text;
  return words(text) === null ? null : lowerAscii(text);
}

/** The address of a literal (RFC 5321 section 4.1.3: `[192.0.2.1]`, `[IPv6:2001:db8::1]`), or null where it is none. */
export function literalAddress(domain: string): string | null {
  if (!domain.startsWith("[") || !domain.endsWith("]")) return null;
  const inner = lowerAscii(domain.slice(1, -1));
  return ipAddress(inner.startsWith("ipv6:") ? inner.slice(5) : inner);
}

/**
 * Whether an address is not of the public Internet (RFC 6890): loopback, private, link-local, shared, multicast,
 * reserved, or an IPv4 address of that kind in IPv6 clothes.
 */
export function isPrivateAddress(address: string): boolean {
  const four = octets(address);
  if (four) return isPrivateFour(four);
  const six = words(address);
  if (six === null) return true; // no address at all is no place for mail
  const [a, b] = [six[0]!, six[1]!];
  const mapped = six.slice(0, 5).every((word) => word === 0) && (six[5] === 0xffff || six[5] === 0);
  if (mapped) return isPrivateFour([six[6]! >> 8, six[6]! & 255, six[7]! >> 8, six[7]! & 255]);
  if (a === 0x64 && b === 0xff9b) return isPrivateFour([six[6]! >> 8, six[6]! & 255, six[7]! >> 8, six[7]! & 255]);
  if (a === 0x2002) return isPrivateFour([b >> 8, b & 255, six[2]! >> 8, six[2]! & 255]); // 6to4
  // Global unicast is 2000::/3; of it documentation, ORCHID and benchmarking are not.
  return a >> 13 !== 1 || (a === 0x2001 && (b === 0xdb8 || b < 0x200)) || a === 0x3fff;
}

function isPrivateFour([a = 0, b = 0, c = 0]: readonly number[]): boolean {
  return a === 0 || a === 10 || a === 127 || a >= 224 || (a === 100 && b >= 64 && b < 128) ||
    (a === 169 && b === 254) || (a === 172 && b >= 16 && b < 32) || (a === 192 && b === 168) ||
    (a === 192 && b === 0 && (c === 0 || c === 2)) || (a === 198 && (b === 18 || b === 19)) ||
    (a === 198 && b === 51 && c === 100) || (a === 203 && b === 0 && c === 113);
}

function octets(text: string): number[] | null {
  if (text.length > 15) return null;
  const parts = text.split(".");
  if (parts.length !== 4) return null;
  const found: number[] = [];
  for (const part of parts) {
    const value = part.length <= 3 ? parseDigits(part, 255) : null;
    if (value === null || (part.length > 1 && part[0] === "0")) return null;
    found.push(value);
  }
  return found;
}

/** The eight words of an IPv6 address (RFC 4291 section 2.2), or null. */
function words(text: string): number[] | null {
  if (text.length > 45 || !text.includes(":")) return null;
  const halves = text.split("::");
  if (halves.length > 2) return null;
  const left = halfWords(halves[0]!);
  const right = halves.length === 2 ? halfWords(halves[1]!) : [];
  if (left === null || right === null) return null;
  const missing = 8 - left.length - right.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return null;
  return [...left, ...Array<number>(missing).fill(0), ...right];
}

function halfWords(text: string): number[] | null {
  if (text === "") return [];
  const parts = text.split(":");
  const found: number[] = [];
  for (const [i, part] of parts.entries()) {
    const four = i === parts.length - 1 ? octets(part) : null;
    if (four) found.push((four[0]! << 8) | four[1]!, (four[2]! << 8) | four[3]!);
    else if (/^[0-9a-fA-F]{1,4}$/.test(part)) found.push(parseInt(part, 16));
    else return null;
  }
  return found;
}
