/** One question to one server, over UDP or TCP. Answers octets that the caller checks; rejects on time-out and errors. */
import { createSocket } from "node:dgram";
import { connect } from "node:net";
import { isIPv6 } from "node:net";
import type { ServerAddress } from "./servers.ts";

/** Whether received octets are taken as the answer; false waits on (someone else's datagram, or a forged one). */
export type Accepts = (bytes: Uint8Array) => boolean;

/** So many datagrams that are no answer are let pass before the question is given up. */
const FOREIGN_LIMIT = 16;

/** Every question has a socket of its own, and so a source port that is hard to guess (RFC 5452 section 9.2). */
export function askUdp(
  server: ServerAddress,
  question: Uint8Array,
  timeoutMs: number,
  accepts: Accepts,
): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const socket = createSocket(isIPv6(server.address) ? "udp6" : "udp4");
    let foreign = 0;
    let open = true;
    const end = (act: () => void) => {
      if (!open) return;
      open = false;
      clearTimeout(timer);
      socket.close();
      act();
    };
    const fail = (reason: string) => end(() => reject(new Error(reason)));
    const timer = setTimeout(() => fail("timeout"), timeoutMs);
    socket.on("error", (error: Error) => fail(error.message));
    socket.on("message", (message: Uint8Array, from: { address: string; port: number }) => {
      if (from.port === server.port && sameAddress(from.address, server.address) && accepts(message)) {
        end(() => resolve(message));
      } else if (++foreign >= FOREIGN_LIMIT) fail("too many foreign datagrams");
    });
    socket.send(question, server.port, server.address, (error: Error | null) => {
      if (error) fail(error.message);
    });
  });
}

function sameAddress(a: string, b: string): boolean {
  return a === b || (isIPv6(a) && isIPv6(b) && expand(a) === expand(b));
}

function expand(address: string): string {
  return new URL(`http://[${address.split("%")[0]}]/`).hostname;
}

/** RFC 1035 section 4.2.2: two octets of length before the message. */
export function askTcp(server: ServerAddress, question: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: server.address, port: server.port });
    let received = new Uint8Array(0);
    let open = true;
    const end = (act: () => void) => {
      if (!open) return;
      open = false;
      clearTimeout(timer);
      socket.destroy();
      act();
    };
    const timer = setTimeout(() => end(() => reject(new Error("timeout"))), timeoutMs);
    socket.on("error", (error: Error) => end(() => reject(error)));
    socket.on("close", () => end(() => reject(new Error("closed before the answer"))));
    socket.on("connect", () => {
      const framed = new Uint8Array(question.length + 2);
      framed[0] = question.length >> 8;
      framed[1] = question.length & 255;
      framed.set(question, 2);
      socket.write(framed);
    });
    socket.on("data", (chunk: Uint8Array) => {
      const joined = new Uint8Array(received.length + chunk.length);
      joined.set(received);
      joined.set(chunk, received.length);
      received = joined; // at most 64 KiB and one chunk
      if (received.length < 2) return;
      const size = (received[0]! << 8) | received[1]!;
      if (received.length >= size + 2) end(() => resolve(received.slice(2, size + 2)));
    });
  });
}
