/** Looking into a mailbox of Palomar, with imapflow, to see what became of a message. */
import { join } from "node:path";
import { ImapFlow } from "imapflow";
import type { Account, Palomar } from "./palomar.ts";
import { eventually } from "./scenario.ts";

/** A logged-in imapflow client on the implicit TLS port. */
export async function openImap(palomar: Palomar, account: Account): Promise<ImapFlow> {
  const client = new ImapFlow({
    host: "localhost",
    port: palomar.ports.imaps,
    secure: true,
    auth: { user: account.address, pass: account.password },
    tls: { ca: await Deno.readTextFile(palomar.caFile) },
    logger: false,
  });
  client.on("error", () => {}); // said again by whoever waits for something
  await client.connect();
  return client;
}

/** The messages of a mailbox, each as it is stored, in the order of their UIDs. */
export async function readMailbox(palomar: Palomar, account: Account, mailbox = "INBOX"): Promise<string[]> {
  const client = await openImap(palomar, account);
  try {
    const lock = await client.getMailboxLock(mailbox);
    try {
      const texts: string[] = [];
      if (client.mailbox && client.mailbox.exists === 0) return texts;
      for await (const message of client.fetch("1:*", { source: true })) {
        texts.push(new TextDecoder("latin1").decode(message.source));
      }
      return texts;
    } finally {
      lock.release();
    }
  } finally {
    await client.logout();
  }
}

/** Waits until a message with `text` in it is in the mailbox, and gives it. */
export function arrives(palomar: Palomar, account: Account, text: string, seconds = 20): Promise<string> {
  return eventually(
    `a message with ${JSON.stringify(text)} in the INBOX of ${account.address}`,
    async () => (await readMailbox(palomar, account)).find((message) => message.includes(text)),
    seconds,
  );
}

/** The same in a Maildir of another server. */
export function inMaildir(maildir: string, text: string): Promise<string> {
  return eventually(`a message with ${text} in ${maildir}`, async () => {
    for (const { name } of await Array.fromAsync(Deno.readDir(join(maildir, "new"))).catch(() => [])) {
      const message = await Deno.readTextFile(join(maildir, "new", name));
      if (message.includes(text)) return message;
    }
  }, 30);
}
