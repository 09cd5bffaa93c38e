import { join } from "node:path";
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { openImap } from "../mailbox.ts";
import type { Account, Palomar } from "../palomar.ts";
import { eventually, pause, type Scenario } from "../scenario.ts";
import { expectReply, openSmtp, sendOver } from "../smtp_client.ts";
import { Wire } from "../wire.ts";
import { verifyStore } from "../../../src/storage/sqlite/verify/mod.ts";

/** Connections of each protocol. */
const CONNECTIONS = { smtp: 4, lmtp: 2, imap: 2 } as const;
type Way = keyof typeof CONNECTIONS;
const LARGE = "0123456789abcdef".repeat(4) + "\r\n";

/** 250 is a promise (RFC 5321 section 6.1): what was answered with it is there, once, whatever happens then. */
export const crash: readonly Scenario[] = [
  {
    name: "crash: SIGKILL under load of SMTP, LMTP and APPEND loses nothing that was acknowledged, and doubles nothing",
    seconds: 3000,
    async run(stage) {
      const palomar = await stage.startPalomar("crash.test");
      const accounts = [await palomar.account("kim"), await palomar.account("lee")];
      const accepted = new Map<string, Account>();
      const met = new Map(accounts.map((account) => [account, new Map<number, string>()]));
      for (let round = 1; round <= stage.sizes.rounds; round++) {
        const before = accepted.size;
        const ways = Object.entries(CONNECTIONS).flatMap(([way, count]) => Array<Way>(count).fill(way as Way));
        const load = ways.map((way, i) => deliver(palomar, way, `${round}-${way}${i}`, accounts, accepted));
        // On a busy machine it takes a while.
        await eventually("a message is accepted", () => Promise.resolve(accepted.size > before));
        await pause(Math.random() * 2000); // the time of the crash is what nobody chooses
        await palomar.kill();
        await Promise.all(load);
        ok(accepted.size > before, "no message was accepted before the crash");
        await palomar.start();
        // Every tenth time all bodies are read again, and the whole store is looked through as palomar verify does.
        const isThorough = round % 10 === 0 || round === stage.sizes.rounds;
        for (const account of accounts) {
          if (isThorough) met.get(account)!.clear();
          await check(palomar, account, accepted, met.get(account)!);
        }
        const found = [...verifyStore({ dataDir: join(palomar.folder, "data"), quick: !isThorough })]
          .flatMap((event) => event.type === "finding" ? [`${event.finding.where}: ${event.finding.problem}`] : []);
        deepStrictEqual(found, []);
      }
      const by = Object.keys(CONNECTIONS).map((way) =>
        `${[...accepted.keys()].filter((id) => id.includes(`-${way}`)).length} by ${way}`
      );
      return `${accepted.size} messages accepted in ${stage.sizes.rounds} rounds: ${by.join(", ")}`;
    },
  },
];

/** Sends until the connection breaks; every twentieth message is too large to be stored beside its row. */
async function deliver(
  palomar: Palomar,
  way: Way,
  name: string,
  accounts: readonly Account[],
  accepted: Map<string, Account>,
): Promise<void> {
  try {
    const send = await SENDERS[way](palomar, accounts);
    for (let number = 0;; number++) {
      const id = `<${name}-${number}@crash.test>`;
      const account = accounts[number % accounts.length]!;
      const body = number % 20 === 7 ? LARGE.repeat(3000) : LARGE;
      await send(account, `Message-ID: ${id}\r\nSubject: load\r\n\r\n${body}`);
      accepted.set(id, account);
    }
  } catch { /* the crash */ }
}

type Send = (account: Account, text: string) => Promise<void>;

/** How each protocol takes a message. */
const SENDERS: { readonly [W in Way]: (palomar: Palomar, accounts: readonly Account[]) => Promise<Send> } = {
  async smtp({ ports }) {
    const wire = await openSmtp(ports.smtp);
    return ({ address }, text) => sendOver(wire, "x@outside.test", address, text);
  },
  async lmtp({ ports }) {
    const wire = await Wire.connect(ports.lmtp);
    await expectReply(wire, "220");
    await wire.send("LHLO outside.test\r\n");
    await expectReply(wire, "250");
    return ({ address }, text) => sendOver(wire, "x@outside.test", address, text);
  },
  async imap(palomar, accounts) {
    const clients = new Map(
      await Promise.all(accounts.map(async (account) => [account, await openImap(palomar, account)] as const)),
    );
    return async (account, text) => {
      // As the dot of SMTP leaves it: the check below knows one length.
      if (!await clients.get(account)!.append("INBOX", text + "\r\n")) throw new Error("no APPEND");
    };
  },
};

/** Reads what is above the highest UID of those met before; these are still as many as they were. */
async function check(
  palomar: Palomar,
  account: Account,
  accepted: ReadonlyMap<string, Account>,
  met: Map<number, string>,
): Promise<void> {
  const found = new Set(met.values());
  const highest = Math.max(0, ...met.keys());
  const imap = await openImap(palomar, account);
  const { exists } = await imap.mailboxOpen("INBOX");
  const wanted = { headers: ["message-id"], size: true, uid: true, bodyParts: ["text"] };
  if (exists > met.size) {
    for await (const row of imap.fetch(`${highest + 1}:*`, wanted, { uid: true })) {
      if (row.uid <= highest) continue;
      const id = /<[^>]*>/.exec(row.headers?.toString() ?? "")?.[0] ?? "";
      strictEqual(found.has(id), false, `${id} is there twice`);
      found.add(id);
      met.set(row.uid, id);
      const length = row.bodyParts?.get("text")?.length ?? 0;
      ok(length === LARGE.length + 2 || length === LARGE.length * 3000 + 2, `${id} has a body of ${length} octets`);
    }
  }
  await imap.logout();
  strictEqual(exists, met.size, `${exists} messages are there, ${met.size} were met`);
  for (const [id, owner] of accepted) {
    if (owner === account) ok(found.has(id), `${id} was answered with 250 and is lost`);
  }
}
