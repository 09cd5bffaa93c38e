/** How a request becomes a WebSocket (RFC 6455 section 4.2). */
import { decodeBase64, encodeBase64 } from "../base/base64.ts";
import { latin1Bytes } from "../base/bytes.ts";
import { digest } from "../base/hash.ts";

/** Of section 1.3: the same for all. */
const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const VERSION = "13";
const KEY_OCTETS = 16;

/** The header of a request, by names in lower case; null: not there. */
export type HeaderOf = (name: string) => string | null;

/** What a request that wants a WebSocket is answered with: the accepting key, or why not. */
export type Opening =
  | { readonly accept: string }
  /** `version`: it speaks another one than we do (section 4.4: 426). */
  | { readonly refused: "noUpgrade" | "version" | "key" };

export function readOpening(method: string, header: HeaderOf): Opening {
  const wants = list(header("connection")).includes("upgrade") && list(header("upgrade")).includes("websocket");
  if (method !== "GET" || !wants) return { refused: "noUpgrade" };
  if (header("sec-websocket-version")?.trim() !== VERSION) return { refused: "version" };
  const key = header("sec-websocket-key")?.trim() ?? "";
  if (decodeBase64(key)?.length !== KEY_OCTETS) return { refused: "key" };
  return { accept: encodeBase64(digest("sha1", latin1Bytes(key + GUID))) };
}

/** Subprotocols that the client can speak, in its order; they know upper from lower case. */
export function readSubprotocols(header: HeaderOf): readonly string[] {
  return (header("sec-websocket-protocol") ?? "").split(",").map((one) => one.trim()).filter((one) => one !== "");
}

/** The answer by which the connection becomes a WebSocket. */
export function openingAnswer(accept: string, subprotocol: string): Uint8Array {
  return latin1Bytes([
    "HTTP/1.1 101 Switching Protocols",
    "Upgrade: websocket",
    "Connection: Upgrade",
    `Sec-WebSocket-Accept: ${accept}`,
    `Sec-WebSocket-Protocol: ${subprotocol}`,
    "",
    "",
  ].join("\r\n"));
}

function list(value: string | null): readonly string[] {
  return (value ?? "").toLowerCase().split(",").map((one) => one.trim());
}
