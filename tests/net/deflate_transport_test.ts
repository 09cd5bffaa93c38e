import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import { DeflateTransport } from "../../src/net/deflate_transport.ts";
import type { Transport } from "../../src/net/transport.ts";

/** A transport whose peer reads nothing until `drain` is called. */
function slowPeer(): { readonly below: Transport; readonly held: () => number; readonly drain: () => void } {
  const drained = Promise.withResolvers<void>();
  let held = 0;
  const below: Transport = {
    remoteAddress: "192.0.2.1",
    remotePort: 1,
    localAddress: "192.0.2.2",
    localPort: 2,
    tls: null,
    onData: null,
    onClose: null,
    write(bytes) {
      held += bytes.length;
      return false;
    },
    drained: () => drained.promise,
    pause() {},
    resume() {},
    startTls: () => Promise.reject(new Error("no TLS here")),
    close() {},
    destroy() {},
  };
  return { below, held: () => held, drain: () => drained.resolve() };
}

Deno.test("DeflateTransport.write() says so when the transport below takes no more, however small the writes", async () => {
  const { below, held, drain } = slowPeer();
  const transport = new DeflateTransport(below);
  const piece = new Uint8Array(64);
  assert.equal(transport.write(piece), true);
  while (held() === 0) await setImmediate();
  assert.equal(transport.write(piece), false);
  let isDrained = false;
  const waiting = transport.drained().then(() => isDrained = true);
  await setImmediate();
  assert.equal(isDrained, false);
  drain();
  await waiting;
  transport.destroy();
});
