/**
 * The PROXY protocol, versions 1 and 2, as its specification by HAProxy Technologies (2020/03/05) defines it: a proxy
 * we trust says, before anything else, who the client is. Anyone who could send it could be anybody, so it is read
 * from named proxies only, and from those it is required.
 */
import { isIPv4, isIPv6 } from "node:net";
import { parseDigits } from "../base/ascii.ts";
import { latin1String } from "../base/bytes.ts";
import { type Endpoints, normaliseAddress } from "./transport_address.ts";

export type ProxyHeader =
  /** More octets are needed. */
  | { readonly kind: "more" }
  | { readonly kind: "malformed"; readonly why: string }
  /** `endpoints` null: the proxy speaks for itself (LOCAL) or does not know (UNKNOWN): the socket's own count. */
  | { readonly kind: "header"; readonly endpoints: Endpoints | null; readonly length: number };

/** Section 2.1: the longest line of version 1 is 107 octets with its CRLF. */
const V1_LONGEST = 107;
/** Version 2 could announce 65,535 octets of addresses and TLVs; nobody needs more than this. */
const V2_LONGEST = 4_096;
const V2_SIGNATURE = [0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a];

const MORE: ProxyHeader = { kind: "more" };

/** Reads the header at the start of `bytes`. */
export function parseProxyHeader(bytes: Uint8Array): ProxyHeader {
  if (bytes.length === 0) return MORE;
  return bytes[0] === V2_SIGNATURE[0] ? parseV2(bytes) : parseV1(bytes);
}

function malformed(why: string): ProxyHeader {
  return { kind: "malformed", why };
}

/** Section 2.1: `PROXY TCP4 192.0.2.1 192.0.2.25 40000 25` and CRLF, one space between. */
function parseV1(bytes: Uint8Array): ProxyHeader {
  const text = latin1String(bytes, 0, Math.min(bytes.length, V1_LONGEST));
  const start = "PROXY ";
  if (!text.startsWith(start.slice(0, text.length))) return malformed("no PROXY header");
  const end = text.indexOf("\r\n");
  if (end < 0) return bytes.length >= V1_LONGEST ? malformed("the line is too long") : MORE;
  const [, family, source = "", destination = "", sourcePort = "", destinationPort = "", ...more] = text.slice(0, end)
    .split(" ");
  const length = end + 2;
  // What follows UNKNOWN is to be ignored.
  if (family === "UNKNOWN") return { kind: "header", endpoints: null, length };
  const isAddress = family === "TCP4" ? isIPv4 : family === "TCP6" ? isIPv6 : null;
  const remotePort = parseDigits(sourcePort, 65_535);
  const localPort = parseDigits(destinationPort, 65_535);
  if (isAddress === null || more.length > 0) return malformed("the line is none of version 1");
  if (!isAddress(source) || !isAddress(destination) || remotePort === null || localPort === null) {
    return malformed("an address or a port is wrong");
  }
  return {
    kind: "header",
    length,
    endpoints: {
      remoteAddress: normaliseAddress(source),
      remotePort,
      localAddress: normaliseAddress(destination),
      localPort,
    },
  };
}

/** Section 2.2. TLVs are skipped. */
function parseV2(bytes: Uint8Array): ProxyHeader {
  for (let i = 0; i < Math.min(bytes.length, V2_SIGNATURE.length); i++) {
    if (bytes[i] !== V2_SIGNATURE[i]) return malformed("no PROXY header");
  }
  if (bytes.length < 16) return MORE;
  const version = bytes[12]! >> 4;
  const command = bytes[12]! & 15;
  const family = bytes[13]!;
  const size = (bytes[14]! << 8) | bytes[15]!;
  if (version !== 2 || command > 1) return malformed("the version or command is not known");
  if (size > V2_LONGEST) return malformed("the header is too long");
  const length = 16 + size;
  if (bytes.length < length) return MORE;
  if (command === 0) return { kind: "header", endpoints: null, length }; // LOCAL: health checks of the proxy
  if (family === 0x11) return endpointsV2(bytes, 4, size, length);
  if (family === 0x21) return endpointsV2(bytes, 16, size, length);
  // UNSPEC, datagrams, UNIX sockets: the receiver may use the real connection's addresses.
  return { kind: "header", endpoints: null, length };
}

function endpointsV2(bytes: Uint8Array, width: 4 | 16, size: number, length: number): ProxyHeader {
  if (size < 2 * width + 4) return malformed("the addresses are cut off");
  const ports = 16 + 2 * width;
  return {
    kind: "header",
    length,
    endpoints: {
      remoteAddress: addressText(bytes.subarray(16, 16 + width)),
      remotePort: (bytes[ports]! << 8) | bytes[ports + 1]!,
      localAddress: addressText(bytes.subarray(16 + width, ports)),
      localPort: (bytes[ports + 2]! << 8) | bytes[ports + 3]!,
    },
  };
}

/** Octets of an address as text; IPv6 as RFC 5952 section 4 wants it. */
function addressText(octets: Uint8Array): string {
  if (octets.length === 4) return octets.join(".");
  const mapped = octets.subarray(0, 10).every((octet) => octet === 0) && octets[10] === 255 && octets[11] === 255;
  if (mapped) return octets.subarray(12).join(".");
  const words: string[] = [];
  for (let i = 0; i < 16; i += 2) words.push(((octets[i]! << 8) | octets[i + 1]!).toString(16));
  return new URL(`http://[${words.join(":")}]/`).hostname.slice(1, -1);
}
