import assert from "node:assert/strict";
import { latin1Bytes, latin1String } from "../../../src/base/bytes.ts";
import type { BlobId, LogEvent, QueueJob, TraceId } from "../../../src/contract/mod.ts";
import type { OutboundParts } from "../../../src/server/outbound/parts.ts";
import { signedAgain } from "../../../src/server/outbound/sign_again.ts";

Deno.test("signedAgain() lets a message go unsigned where signing fails", async () => {
  const logged: LogEvent[] = [];
  const parts = {
    sign: () => Promise.reject(new Error("the keys are damaged")),
    clock: { wall: () => 0 },
    log: (event: LogEvent) => void logged.push(event),
  } as unknown as OutboundParts;
  const prefix = latin1Bytes("DKIM-Signature: v=1; d=example.test;\r\n b=x\r\nReceived: by x\r\n");
  const job = { traceId: "t" as TraceId, blobId: "b" as BlobId, size: 1, prefix } as unknown as QueueJob;
  assert.equal(latin1String((await signedAgain(job, parts)).prefix), "Received: by x\r\n");
  assert.deepEqual(logged.map(({ event }) => event), ["message.unsigned"]);
});
