/** A server whose people have scripts, and what they find in their mailboxes. */
import assert from "node:assert/strict";
import type { EmailRow, QueueRow, TraceId, Uid } from "../../../src/contract/mod.ts";
import type { TestServer } from "../../../src/server/test_server.ts";

const PATIENCE_MS = 10_000;

/** Puts a script and makes it the active one. */
export async function activate(server: TestServer, address: string, content: string, name = "main"): Promise<void> {
  const put = await server.storage.perform("sieve.put", { address, name, content });
  assert(!("refused" in put), JSON.stringify(put));
  await server.storage.perform("sieve.activate", { address, name });
}

export async function accountId(server: TestServer, address: string) {
  const account = await server.storage.perform("account.get", { address });
  assert(account);
  return account.accountId;
}

/** The messages of a mailbox, with their headers. */
export async function rows(server: TestServer, address: string, path = "INBOX"): Promise<readonly EmailRow[]> {
  const id = await accountId(server, address);
  const mailbox = await server.storage.perform("mailbox.get", { accountId: id, path });
  if (!mailbox) return [];
  const read = await server.storage.perform("email.read", {
    accountId: id,
    mailboxId: mailbox.mailboxId,
    ranges: [{ first: 1 as Uid, last: 4294967295 as Uid }],
    fields: ["envelope", "header"],
    limit: 1000,
  });
  return read.rows;
}

export async function subjects(server: TestServer, address: string, path = "INBOX"): Promise<readonly string[]> {
  return (await rows(server, address, path)).map(({ envelope }) => envelope?.subject ?? "");
}

const decoder = new TextDecoder();

export function headerOf(row: EmailRow): string {
  return decoder.decode(row.header);
}

export async function textOf(server: TestServer, row: EmailRow): Promise<string> {
  return decoder.decode(await server.storage.readBlob(row.blobId, 0, row.blobSize));
}

export async function queue(server: TestServer): Promise<readonly QueueRow[]> {
  return await server.storage.perform("queue.list", { after: null, limit: 1000 });
}

export async function why(server: TestServer, traceId: TraceId): Promise<string> {
  const entries = await server.storage.perform("journal.read", { traceId });
  return entries.map(({ event, recipient, detail }) => `${event} ${recipient ?? "-"} ${detail}`).join("\n");
}

export async function until(what: string, look: () => Promise<boolean>, server?: TestServer): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  while (!await look()) {
    if (performance.now() > end) assert.fail(`it did not come to: ${what}\n${JSON.stringify(server?.logs, null, 1)}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** The replies of SMTP to a message for some recipients. */
export async function smtp(
  server: TestServer,
  from: string,
  to: readonly string[],
  message: string,
  protocol: "smtp" | "lmtp" = "smtp",
  parameters = "",
): Promise<readonly string[]> {
  const client = server.connect(protocol);
  const say = async (line: string, replies = 1): Promise<string> => {
    const heard = await client.ask(line, new RegExp(`(^\\d{3} [^\\r]*\\r\\n[^]*){${replies}}`, "m"));
    return heard.trimEnd();
  };
  await client.until(/^220 .*\r\n/m);
  await client.ask(protocol === "smtp" ? "EHLO outside.example" : "LHLO outside.example", /^250 .*\r\n/m);
  const replies = [await say(`MAIL FROM:<${from}>${parameters}`)];
  for (const one of to) replies.push(await say(`RCPT TO:<${one}>`));
  await say("DATA");
  const last = await say(`${message.replaceAll("\n", "\r\n")}\r\n.`, protocol === "smtp" ? 1 : to.length);
  client.close();
  return [...replies, ...last.split("\r\n")];
}
