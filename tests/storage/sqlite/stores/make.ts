/** Makes the file of the tables of now, once: see `stored.ts`. */
import { imapText } from "../../../../src/imap/imap_text.ts";
import { openSqlite } from "../../../../src/storage/sqlite/mod.ts";
import { granted, message, Scene, tempDir, uids } from "../../scene.ts";
import { FOLDER, look, pack } from "./stored.ts";

const folder = tempDir();
const now = 1_700_000_000_000;
const store = await openSqlite({
  dataDir: folder.path,
  packing: { compression: "zstd" },
  prepare: imapText,
  undeleteMs: 7 * 86_400_000,
  wall: () => now,
});
const s = await new Scene(store).people();
granted(await s.append(s.ann, "INBOX", message("a small one"), ["\\Seen", "Work"], now));
granted(await s.append(s.ann, "INBOX", message(`large ${"x".repeat(100_000)}`), ["\\Flagged"], now));
granted(await s.append(s.ann, "INBOX", message("removed"), [], now));
granted(await s.ask("mailbox.create", { accountId: s.ann, path: "Lists/Übung", role: null }));
granted(await s.append(s.ann, "Lists/Übung", message("of a list", "Subject: =?utf-8?q?gr=C3=BC=C3=9Fe?="), [], now));
const { mailboxId } = await s.mailbox(s.ann, "INBOX");
await s.ask("email.expunge", { accountId: s.ann, mailboxId, ranges: uids(3), always: true });
granted(await s.ask("account.change", { address: "bob@example.org", quota: { bytes: 1_000_000, messages: 10 } }));
granted(await s.ask("alias.add", { address: "info@example.org", targets: ["ann@example.org"], now }));
granted(await s.ask("sieve.put", { address: "ann@example.org", name: "main", content: "keep;\r\n" }));
granted(await s.ask("sieve.activate", { address: "ann@example.org", name: "main" }));
granted(
  await s.ask("acl.set", {
    accountId: s.ann,
    path: "INBOX",
    identifier: "bob@example.org",
    mode: "replace",
    rights: "lr",
  }),
);
const recipient = { forwardPath: "x@away.example", notify: null, orcpt: null };
granted(
  await s.accept(message("goes out"), {
    deliveries: [s.delivery(s.bob, "bob@example.org", { prefix: new TextEncoder().encode("Received: here\r\n") })],
    queued: [{ recipient, domain: "away.example", prefix: new Uint8Array(), dueAt: now, expiresAt: now + 86_400_000 }],
  }),
);
const seen = await look(s);
await store.close();
const { version, octets } = await pack(folder.path, seen);
const path = `${FOLDER}/version-${version}.json.gz`;
Deno.writeFileSync(path, octets, { createNew: true });
folder.remove();
Deno.stdout.writeSync(new TextEncoder().encode(`${path}: ${octets.length} octets\n`));
