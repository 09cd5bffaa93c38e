/** Reads the PROXY header off a socket and gives back what comes behind it. */
import type { Socket } from "node:net";
import { concatBytes, EMPTY } from "../base/bytes.ts";
import { parseProxyHeader } from "./proxy_protocol.ts";
import type { Endpoints } from "./transport_address.ts";

/**
 * The client's endpoints, or null where the proxy speaks for itself. Rejects on anything but a header within
 * `timeoutMs`. The socket is paused afterwards, and octets behind the header are unread again: they may be the
 * beginning of a TLS handshake.
 */
export function readProxyHeader(raw: Socket, timeoutMs: number): Promise<Endpoints | null> {
  return new Promise((resolve, reject) => {
    let bytes: Uint8Array = EMPTY;
    const timer = setTimeout(() => fail("the PROXY header did not come in time"), timeoutMs);
    const stop = (): void => {
      clearTimeout(timer);
      raw.off("data", took).off("end", ended).off("close", ended);
      raw.pause();
    };
    const fail = (why: string): void => {
      stop();
      reject(new Error(why));
    };
    const ended = (): void => fail("the connection ended before the PROXY header");
    const took = (chunk: Uint8Array): void => {
      bytes = concatBytes([bytes, chunk]);
      const parsed = parseProxyHeader(bytes);
      if (parsed.kind === "more") return;
      if (parsed.kind === "malformed") return fail(parsed.why);
      stop();
      if (parsed.length < bytes.length) raw.unshift(bytes.subarray(parsed.length));
      resolve(parsed.endpoints);
    };
    raw.on("data", took).on("end", ended).on("close", ended);
    raw.resume();
  });
}
