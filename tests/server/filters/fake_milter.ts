/** A small milter on loopback: it keeps what it is told and says what a test wants. */
import { createServer, type Socket } from "node:net";
import { latin1String } from "../../../src/base/bytes.ts";
import { packet, PacketReader } from "../../../src/abuse/mod.ts";

export interface FakeMilter extends AsyncDisposable {
  readonly port: number;
  /** `Hmx.outside.test`: the letter and what came with it, NUL as `|`. */
  readonly told: readonly string[];
}

/** `says` gives the answers to a command; the options are answered by `options`, silence where it gives none. */
export async function fakeMilter(
  says: (command: string, text: string, socket: Socket) => readonly Uint8Array[],
  options: Uint8Array = packet("O", 6, 0x01, 0),
): Promise<FakeMilter> {
  const told: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    const reader = new PacketReader();
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
    socket.on("data", (octets: Uint8Array) => {
      reader.push(octets);
      for (let next = reader.next(); next !== null; next = reader.next()) {
        const { command, data } = next;
        if (command === "O") socket.write(options);
        else if (command === "Q") socket.end();
        else {
          const text = latin1String(data).replaceAll("\0", "|");
          told.push(command + text);
          if (command !== "D") { for (const answer of says(command, text, socket)) socket.write(answer); }
        }
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  return {
    port,
    told,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

export const CONTINUE: Uint8Array = packet("c");
