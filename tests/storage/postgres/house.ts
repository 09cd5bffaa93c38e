/** A store with mail of all kinds in it, for tests of what looks at whole stores. */
import type { Storage } from "../../../src/storage/storage.ts";
import type { StoreSource } from "../../../src/storage/transfer.ts";
import { granted, message, Scene, uids } from "../scene.ts";

export const LARGE = "x".repeat(100_000);

/** People, mailboxes, flags, kept and queued mail, a large body, scripts, rights, annotations, tokens, settings. */
export async function furnish(store: Storage): Promise<Scene> {
  const s = await new Scene(store).people();
  await s.filled("INBOX", "one", "two", LARGE, `${LARGE}2`);
  const { mailboxId } = await s.mailbox(s.ann, "INBOX");
  const where = { accountId: s.ann, mailboxId };
  granted(await s.ask("email.copy", { ...where, ranges: uids(2, 3), path: "Archive", now: 3 }));
  await s.ask("email.flags", { ...where, ranges: uids(1, 2), mode: "add", flags: ["\\Seen", "Work"] });
  await s.ask("email.flags", { ...where, ranges: uids(4), mode: "add", flags: ["\\Deleted"] });
  await s.ask("email.expunge", { ...where, ranges: null });
  const recipient = { forwardPath: "x@away.example", notify: null, orcpt: null };
  const queued = [{ recipient, domain: "away.example", prefix: new Uint8Array(), dueAt: 5, expiresAt: 900_000 }];
  const journal = [{ at: 1, event: "e", recipient: null, detail: "d" }];
  const deliveries = [s.delivery(s.ann, "ann@example.org"), s.delivery(s.bob, "bob@example.org")];
  granted(await s.accept(message("for both", "Subject: hi\r\nReferences: <a@b>"), { deliveries, queued, journal }));
  granted(await s.ask("alias.add", { address: "all@example.org", targets: ["ann@example.org"], now: 1 }));
  const address = "ann@example.org";
  granted(await s.ask("sieve.put", { address, name: "main", content: "keep; # ü\r\n" }));
  granted(await s.ask("sieve.activate", { address, name: "main" }));
  await s.ask("acl.set", {
    accountId: s.ann,
    path: "INBOX",
    identifier: "bob@example.org",
    mode: "replace",
    rights: "lr",
  });
  granted(await s.ask("token.add", { address, hash: "0".repeat(64), name: "phone", now: 1, expiresAt: null }));
  await s.ask("setting.init", { name: "some.setting", value: "value" });
  return s;
}

/** All rows of a store, and how long each body is: what two stores with the same mail have in common. */
export async function dump(source: StoreSource): Promise<Record<string, string[]>> {
  const tables: Record<string, string[]> = { sequences: [...source.sequences].map(String).sort() };
  for await (const { table, columns, rows } of source.pages()) {
    const order = columns.map((name, i) => [name, i] as const).filter(([name]) => name !== "data").sort();
    for (const row of rows) {
      const cells: Record<string, unknown> = {};
      for (const [name, i] of order) {
        const cell = row[i];
        cells[name] = cell instanceof Uint8Array
          ? (table === "sieve" ? new TextDecoder().decode(cell) : cell.toHex())
          : typeof cell === "boolean"
          ? Number(cell)
          : cell;
      }
      if (table === "blobs") {
        let octets = (row[columns.indexOf("data")] as Uint8Array | null)?.length ?? 0;
        if (octets === 0) {
          for await (const piece of source.body(row[columns.indexOf("id")] as number)) octets += piece.length;
        }
        cells["octets"] = octets;
      }
      (tables[table] ??= []).push(JSON.stringify(cells));
    }
  }
  for (const rows of Object.values(tables)) rows.sort();
  return tables;
}
