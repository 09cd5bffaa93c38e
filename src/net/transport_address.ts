/** Addresses of peers as the project writes them. */
import { isIPv4, isIPv6 } from "node:net";
import { lowerAscii } from "../base/ascii.ts";

/** Both ends of a connection. */
export interface Endpoints {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
}

/**
 * IPv4 dotted, IPv6 lower case without its zone, `local` where there is none (a UNIX socket). An IPv4 address that
 * came through an IPv6 socket (`::ffff:192.0.2.1`) is that IPv4 address.
 */
export function normaliseAddress(address: string | undefined): string {
  if (!address) return "local";
  const plain = lowerAscii(address.split("%", 1)[0]!);
  if (plain.startsWith("::ffff:") && isIPv4(plain.slice(7))) return plain.slice(7);
  return plain;
}

/**
 * What limits count as one peer: an IPv4 address, or the /64 of an IPv6 address, because a single customer has the
 * 2^64 addresses below it.
 */
export function addressGroup(address: string): string {
  if (!isIPv6(address)) return address;
  const mapped = normaliseAddress(address);
  if (mapped !== lowerAscii(address) && isIPv4(mapped)) return mapped;
  const [head = "", tail] = mapped.split("::", 2);
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const length = right.reduce((sum, word) => sum + (word.includes(".") ? 2 : 1), left.length);
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - length);
  const words = [...left, ...Array<string>(zeros).fill("0"), ...right];
  return words.slice(0, 4).map((word) => word.replace(/^0{1,3}(?=.)/, "")).join(":") + "::/64";
}
