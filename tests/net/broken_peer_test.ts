import { deepStrictEqual } from "node:assert/strict";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { SocketTransport } from "../../src/net/socket_transport.ts";

Deno.test("SocketTransport tells the peer's end, and then that the connection broke", async () => {
  const accepted = Promise.withResolvers<Socket>();
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, accepted.resolve);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const peer = await Deno.connect({ hostname: "127.0.0.1", port: (server.address() as AddressInfo).port });
  const transport = new SocketTransport(await accepted.promise, null);
  const told: string[] = [];
  const [ended, broken] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  transport.onClose = (error) => {
    told.push(error === null ? "end" : "broken");
    (error === null ? ended : broken).resolve();
  };
  transport.onData = () => {};
  transport.write(new Uint8Array(1000));
  await peer.write(new Uint8Array(1));
  await peer.closeWrite();
  await ended.promise;
  peer.close(); // with octets that it has not read: the connection is reset
  while (!transport.write(new Uint8Array(100_000))) await transport.drained();
  await broken.promise;
  deepStrictEqual(told, ["end", "broken"]);
  transport.destroy();
  await new Promise<void>((resolve) => server.close(() => resolve()));
});
