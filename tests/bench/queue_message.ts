/** Messages for the benchmark of the queue. */
import { utf8Bytes } from "../../src/base/bytes.ts";
import type { TraceId } from "../../src/contract/mod.ts";
import { indexMessage } from "../../src/message/mod.ts";
import type { Storage } from "../../src/storage/storage.ts";

export const HOUR = 3600_000;

/** One message of 1 KB for so many recipients, each at a domain of its own, in the queue and due at once. */
export async function accept(store: Storage, number: number, recipients: number, now: number): Promise<void> {
  const text = `From: a@ours.example\r\nSubject: ${number}\r\nMessage-ID: <${number}.${now}@ours.example>\r\n\r\n`;
  const bytes = utf8Bytes(text + "Nothing to be said here, and that in many words.\r\n".repeat(18));
  const writer = store.createBlob();
  await writer.write(bytes);
  const blob = await writer.seal(indexMessage(bytes));
  await store.perform("mail.accept", {
    traceId: `bench${number}.${recipients}` as TraceId,
    sender: {
      reversePath: `sender${number % 50}@ours.example`,
      size: null,
      body: "7bit",
      smtputf8: false,
      requireTls: false,
      ret: null,
      envid: null,
    },
    blobId: blob.blobId,
    deliveries: [],
    queued: Array.from({ length: recipients }, (_, i) => ({
      recipient: { forwardPath: `somebody@d${number * recipients + i}.example`, notify: null, orcpt: null },
      domain: `d${number * recipients + i}.example`,
      prefix: utf8Bytes("Received: from client.example by mx.ours.example with ESMTPSA\r\n\tid s1.1; now\r\n"),
      dueAt: now,
      expiresAt: now + 120 * HOUR,
    })),
    journal: [{ at: now, event: "accepted", recipient: null, detail: "Accepted." }],
    now,
    overQuota: "defer",
  });
  blob.release();
}
