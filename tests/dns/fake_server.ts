/** A DNS server on loopback, UDP and TCP on the same port, that answers as a test tells it. */
import { Buffer } from "node:buffer";
import { createSocket } from "node:dgram";
import { createServer } from "node:net";
import packet from "dns-packet";

export interface Asked {
  readonly id: number;
  readonly name: string;
  readonly type: string;
  readonly over: "udp" | "tcp";
  readonly edns: boolean;
  /** The question's octets. */
  readonly bytes: Uint8Array;
}

// deno-lint-ignore no-explicit-any
export type Reply = any;

export interface FakeServer {
  /** `127.0.0.1:port` */
  readonly address: string;
  readonly asked: Asked[];
  close(): Promise<void>;
}

export const NXDOMAIN = 3;
export const SERVFAIL = 2;
export const FORMERR = 1;
export const TC = 1 << 9;
export const AD = 1 << 5;

/** `answer` gives fields of the response (answers, authorities, flags, rcode), whole octets, several, or null for silence. */
export async function fakeServer(answer: (asked: Asked) => Reply | Uint8Array | null): Promise<FakeServer> {
  const asked: Asked[] = [];
  const respond = (bytes: Uint8Array, over: "udp" | "tcp"): Uint8Array[] => {
    const question = packet.decode(Buffer.from(bytes)) as Reply;
    const { name, type } = question.questions[0];
    const ask: Asked = { id: question.id, name, type, over, edns: question.additionals.length > 0, bytes };
    asked.push(ask);
    const reply = answer(ask);
    if (reply === null) return [];
    return (Array.isArray(reply) ? reply : [reply]).map((one) => one instanceof Uint8Array ? one : encode(ask, one));
  };
  const tcp = createServer((socket) => {
    socket.on("error", () => {});
    socket.on("data", (chunk) => {
      for (const reply of respond(new Uint8Array(chunk).slice(2), "tcp")) {
        const framed = Buffer.concat([Buffer.from([reply.length >> 8, reply.length & 255]), reply]);
        socket.write(framed.subarray(0, 3)); // in pieces
        socket.write(framed.subarray(3));
      }
    });
  });
  await new Promise<void>((done) => tcp.listen(0, "127.0.0.1", done));
  const port = (tcp.address() as { port: number }).port;
  const udp = createSocket("udp4");
  udp.on("message", (message: Uint8Array, from: { port: number; address: string }) => {
    for (const reply of respond(new Uint8Array(message), "udp")) udp.send(reply, from.port, from.address);
  });
  await new Promise<void>((done) => udp.bind(port, "127.0.0.1", done));
  return {
    address: `127.0.0.1:${port}`,
    asked,
    close: () =>
      new Promise<void>((done) => {
        udp.close();
        tcp.close(() => done());
      }),
  };
}

/** Octets of a response to `ask`. */
export function encode(ask: Asked, reply: Reply): Uint8Array {
  const { rcode = 0, flags = 0, ...sections } = reply;
  return new Uint8Array(packet.encode({
    type: "response",
    id: ask.id,
    questions: [{ name: ask.name, type: ask.type }],
    ...sections,
    flags: flags | rcode | (1 << 8) | (1 << 7),
  }));
}

export const SOA = {
  type: "SOA",
  name: "example",
  ttl: 600,
  data: { mname: "ns.example", rname: "x.example", serial: 1, refresh: 1, retry: 1, expire: 1, minimum: 60 },
};
