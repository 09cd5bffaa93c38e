import { ok, strictEqual } from "node:assert/strict";
import { openImap } from "../mailbox.ts";
import type { Account, Palomar } from "../palomar.ts";
import { pause, type Scenario } from "../scenario.ts";
import { openSmtp, sendOver } from "../smtp_client.ts";

const CONNECTIONS = 8;
const LARGE = "0123456789abcdef".repeat(4) + "\r\n";

/** 250 is a promise (RFC 5321 section 6.1): what was answered with it is there, once, whatever happens then. */
export const crash: readonly Scenario[] = [
  {
    name: "crash: SIGKILL under load loses nothing that was answered with 250, and doubles nothing",
    seconds: 180,
    async run(stage) {
      const palomar = await stage.startPalomar("crash.test");
      const accounts = [await palomar.account("kim"), await palomar.account("lee")];
      const accepted = new Map<string, Account>();
      for (let round = 1; round <= stage.sizes.rounds; round++) {
        const before = accepted.size;
        const load = Array.from(
          { length: CONNECTIONS },
          (_, i) => deliver(palomar, `${round}-${i}`, accounts, accepted),
        );
        await pause(500 + Math.random() * 1500); // the time of the crash is what nobody chooses
        await palomar.kill();
        await Promise.all(load);
        ok(accepted.size > before, "no message was accepted before the crash");
        await palomar.start();
        for (const account of accounts) await check(palomar, account, accepted);
      }
      return `${accepted.size} messages accepted in ${stage.sizes.rounds} rounds`;
    },
  },
];

/** Sends until the connection breaks; every twentieth message is too large to be stored beside its row. */
async function deliver(palomar: Palomar, name: string, accounts: readonly Account[], accepted: Map<string, Account>) {
  try {
    const wire = await openSmtp(palomar.ports.smtp);
    for (let number = 0;; number++) {
      const id = `<${name}-${number}@crash.test>`;
      const account = accounts[number % accounts.length]!;
      const body = number % 20 === 7 ? LARGE.repeat(3000) : LARGE;
      await sendOver(wire, "x@outside.test", account.address, `Message-ID: ${id}\r\nSubject: load\r\n\r\n${body}`);
      accepted.set(id, account);
    }
  } catch { /* the crash */ }
}

async function check(palomar: Palomar, account: Account, accepted: ReadonlyMap<string, Account>): Promise<void> {
  const found = new Set<string>();
  const imap = await openImap(palomar, account);
  await imap.mailboxOpen("INBOX");
  for await (const row of imap.fetch("1:*", { headers: ["message-id"], size: true, bodyParts: ["text"] })) {
    const id = /<[^>]*>/.exec(row.headers?.toString() ?? "")?.[0] ?? "";
    strictEqual(found.has(id), false, `${id} is there twice`);
    found.add(id);
    const length = row.bodyParts?.get("text")?.length ?? 0;
    ok(length === LARGE.length + 2 || length === LARGE.length * 3000 + 2, `${id} has a body of ${length} octets`);
  }
  await imap.logout();
  for (const [id, owner] of accepted) {
    if (owner === account) ok(found.has(id), `${id} was answered with 250 and is lost`);
  }
}
