import assert from "node:assert/strict";
import { concatBytes, latin1Bytes } from "../../src/base/bytes.ts";
import { parseProxyHeader, type ProxyHeader } from "../../src/net/proxy_protocol.ts";

const SIGNATURE = [0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a];
const V4 = [192, 0, 2, 1, 192, 0, 2, 25, 0x9c, 0x40, 0, 25];
const SOURCE_V6 = [0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
const TARGET_V6 = [0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x25];
const V6 = [...SOURCE_V6, ...TARGET_V6, 0xff, 0xff, 0, 25];
const MAPPED = [...Array<number>(10).fill(0), 255, 255, 192, 0, 2, 1];

function v2(command: number, family: number, rest: readonly number[], size = rest.length): Uint8Array {
  return Uint8Array.from([...SIGNATURE, command, family, size >> 8, size & 255, ...rest]);
}

function endpoints(remoteAddress: string, remotePort: number, localAddress: string, localPort: number) {
  return { remoteAddress, remotePort, localAddress, localPort };
}

const TABLE: readonly (readonly [name: string, bytes: Uint8Array, endpoints: unknown])[] = [
  ["TCP over IPv4", v2(0x21, 0x11, V4), endpoints("192.0.2.1", 40_000, "192.0.2.25", 25)],
  ["TCP over IPv6", v2(0x21, 0x21, V6), endpoints("2001:db8::1", 65_535, "2001:db8::25", 25)],
  ["IPv4 in IPv6", v2(0x21, 0x21, [...MAPPED, ...MAPPED, 0, 1, 0, 2]), endpoints("192.0.2.1", 1, "192.0.2.1", 2)],
  [
    "IPv4 with a TLV behind it",
    v2(0x21, 0x11, [...V4, 0x04, 0, 2, 0, 0]),
    endpoints("192.0.2.1", 40_000, "192.0.2.25", 25),
  ],
  ["LOCAL", v2(0x20, 0x00, []), null],
  ["LOCAL with addresses, which do not count", v2(0x20, 0x11, V4), null],
  ["UNSPEC", v2(0x21, 0x00, [1, 2, 3]), null],
  ["UDP", v2(0x21, 0x12, V4), null],
  ["UNIX sockets", v2(0x21, 0x31, Array<number>(216).fill(65)), null],
  [
    "version 1, TCP4",
    latin1Bytes("PROXY TCP4 192.0.2.1 192.0.2.25 40000 25\r\n"),
    endpoints("192.0.2.1", 40_000, "192.0.2.25", 25),
  ],
  [
    "version 1, TCP6",
    latin1Bytes("PROXY TCP6 2001:DB8::1 ::ffff:192.0.2.25 1 2\r\n"),
    endpoints("2001:db8::1", 1, "192.0.2.25", 2),
  ],
  ["version 1, UNKNOWN", latin1Bytes("PROXY UNKNOWN whatever follows\r\n"), null],
];

for (const [name, bytes, want] of TABLE) {
  Deno.test(`parseProxyHeader() reads ${name}, takes no octet of what follows, and waits for the last one`, () => {
    const header: ProxyHeader = { kind: "header", endpoints: want as never, length: bytes.length };
    assert.deepEqual(parseProxyHeader(bytes), header);
    assert.deepEqual(parseProxyHeader(concatBytes([bytes, latin1Bytes("EHLO c\r\n")])), header);
    for (let cut = 0; cut < bytes.length; cut++) {
      assert.equal(parseProxyHeader(bytes.subarray(0, cut)).kind, "more", `after ${cut} octets`);
    }
  });
}

const BAD: readonly (readonly [name: string, bytes: Uint8Array])[] = [
  ["version 3", v2(0x31, 0x11, V4)],
  ["command 2", v2(0x22, 0x11, V4)],
  ["addresses that are cut off", v2(0x21, 0x11, V4.slice(0, 11))],
  ["IPv6 with room for IPv4", v2(0x21, 0x21, V4)],
  ["an endless header", v2(0x21, 0x11, [], 65_535)],
  ["another signature", Uint8Array.from([0x0d, 0x0a, 0x0d, 0x0a, 0x01])],
  ["no header", latin1Bytes("EHLO c\r\n")],
  ["nearly the word", latin1Bytes("PROXI TCP4 ")],
  ["an endless line", latin1Bytes("PROXY TCP4 " + "1".repeat(200))],
  ["a name for an address", latin1Bytes("PROXY TCP4 localhost 192.0.2.25 1 2\r\n")],
  ["IPv6 for IPv4", latin1Bytes("PROXY TCP4 ::1 192.0.2.25 1 2\r\n")],
  ["a port too high", latin1Bytes("PROXY TCP4 192.0.2.1 192.0.2.25 65536 2\r\n")],
  ["a port that is none", latin1Bytes("PROXY TCP4 192.0.2.1 192.0.2.25 1e3 2\r\n")],
  ["two spaces", latin1Bytes("PROXY TCP4  192.0.2.1 192.0.2.25 1 2\r\n")],
  ["a word too many", latin1Bytes("PROXY TCP4 192.0.2.1 192.0.2.25 1 2 3\r\n")],
  ["lower case", latin1Bytes("proxy TCP4 192.0.2.1 192.0.2.25 1 2\r\n")],
];

for (const [name, bytes] of BAD) {
  Deno.test(`parseProxyHeader() refuses ${name}`, () => {
    assert.equal(parseProxyHeader(bytes).kind, "malformed");
  });
}
