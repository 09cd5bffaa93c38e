/** An account, a mailbox or a message of a backup, put back into the store as it is now. */
import { allPages } from "./all_pages.ts";
import type { BackupAccount } from "../storage/sqlite/backup/read_account.ts";
import type { BackupMessage, OpenBackup } from "../storage/sqlite/backup/read_backup.ts";
import { type Admin, detailOf, segment } from "./admin.ts";
import type { Invocation } from "./command.ts";
import { storeKeys } from "./commands/verify.ts";
import { EXIT, Exit, usage } from "./exit.ts";
import { Progress } from "./progress.ts";

const decoder = new TextDecoder();

/** What `palomar restore BACKUP --account …` does. */
export async function restorePart(folder: string, invocation: Invocation): Promise<number> {
  const { options, io, admin } = invocation;
  const address = options.get("account") ?? "";
  const { openBackup } = await import("../storage/sqlite/backup/read_backup.ts");
  const keys = await storeKeys(invocation);
  let backup: OpenBackup;
  try {
    backup = openBackup(folder, keys);
  } catch (error) {
    throw new Exit(EXIT.refused, (error as Error).message);
  }
  const progress = new Progress(io);
  const total = { restored: 0, there: 0, healed: 0 };
  try {
    const paths = chosenPaths(backup, address, options.get("mailbox"));
    const house = await admin();
    const account = `/accounts/${segment(address)}`;
    const revived = await revive(house, backup.account(address)!, account, options.has("message"));
    if (revived !== null) io.err(revived);
    for (const path of paths) {
      for (const message of backup.messages(address, path)) {
        if (!isWanted(message, options.get("message"))) continue;
        const { uid, healed } = await putBack(house, account, options.get("into") ?? path, message);
        if (uid === null) total.there++;
        else total.restored++;
        if (healed) total.healed++;
        progress.show(path, total.restored + total.there, Infinity);
      }
    }
  } finally {
    progress.clear();
    backup.close();
  }
  if (options.has("json")) io.out(JSON.stringify(total) + "\n");
  else io.out(`Brought back: ${total.restored}; there already: ${total.there}; octets mended: ${total.healed}.\n`);
  if (total.restored + total.there > 0 || !options.has("message")) return EXIT.ok;
  io.err("The backup has no such message.\n");
  return EXIT.refused;
}

/** Makes the account anew where it is not there any more; answers what was done. */
async function revive(
  house: Admin,
  { scripts, ...wanted }: BackupAccount,
  account: string,
  isOne: boolean,
): Promise<string | null> {
  const accounts = await allPages<{ address: string }>(house, "/accounts", "accounts");
  if (accounts.some(({ address }) => `/accounts/${segment(address)}` === account)) return null;
  // A person who looks for one message wants no account.
  if (isOne) await house.request("GET", account);
  const done = await house.request("POST", `${account}/revive`, wanted) as { aliases: number; tokens: number };
  const problems: string[] = [];
  for (const { name, content, active } of scripts) {
    await house.request("PUT", `${account}/sieve/${segment(name)}`, { content, activate: active }).catch((error) => {
      problems.push(`The Sieve script ${name} was not taken: ${(error as Error).message}\n`);
    });
  }
  const { aliases, tokens } = done;
  return `The account was not there any more: it is back with its password, ${
    scripts.length - problems.length
  } Sieve ` +
    `scripts, ${aliases} aliases and ${tokens} app passwords.\n${problems.join("")}`;
}

function chosenPaths(backup: OpenBackup, address: string, wanted: string | undefined): readonly string[] {
  const paths = backup.mailboxes(address);
  if (paths === null) throw new Exit(EXIT.refused, `there is no account ${address} in the backup`);
  if (wanted === undefined) return paths;
  const path = paths.find((one) => one === wanted || (one === "INBOX" && wanted.toUpperCase() === "INBOX"));
  if (path !== undefined) return [path];
  throw usage(`there is no mailbox ${wanted} in the backup; it has ${paths.join(", ")}`);
}

function isWanted({ uid, messageId }: BackupMessage, wanted: string | undefined): boolean {
  if (wanted === undefined) return true;
  const bare = (id: string) => id.replace(/^<|>$/g, "");
  return String(uid) === wanted || (messageId !== null && bare(messageId) === bare(wanted));
}

async function putBack(
  house: Admin,
  account: string,
  mailbox: string,
  message: BackupMessage,
): Promise<{ uid: number | null; healed: boolean }> {
  const query = new URLSearchParams({ mailbox, internalDate: String(message.internalDate) });
  if (message.prefix.length > 0) query.set("prefix", String(message.prefix.length));
  for (const flag of message.flags) query.append("flag", flag);
  const { status, octets } = await house.stream("POST", `${account}/restore?${query}`, body(message), "message/rfc822");
  let text = "";
  for await (const piece of octets) text += decoder.decode(piece, { stream: true });
  if (status === 200) return JSON.parse(text);
  const what = `UID ${message.uid} of ${message.path}: ${detailOf(status, text)}`;
  throw new Exit(status >= 500 ? EXIT.temporary : EXIT.refused, what);
}

async function* body(message: BackupMessage): AsyncGenerator<Uint8Array> {
  if (message.prefix.length > 0) yield message.prefix;
  yield* message.octets();
}
