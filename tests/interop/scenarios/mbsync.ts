import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { join } from "node:path";
import type { ImapFlow } from "imapflow";
import { openImap } from "../mailbox.ts";
import type { Account, Palomar } from "../palomar.ts";
import type { Scenario, Stage } from "../scenario.ts";

/** isync keeps a Maildir and a mailbox the same; whatever a server gets wrong about UIDs or flags shows up here. */
export const mbsync: readonly Scenario[] = [
  {
    name: "mbsync: two-way sync with a Maildir through rounds of changes on both sides",
    needs: ["mbsync"],
    seconds: 600,
    async run(stage) {
      const { palomar, sizes } = stage;
      const account = await palomar.account("judy");
      const maildir = new Maildir(join(stage.folder, "mail", "INBOX"));
      await maildir.create();
      await writeConfig(stage, account);
      const times: string[] = [];
      const timed = async (what: string, work: () => Promise<unknown>) => {
        const began = performance.now();
        await work();
        times.push(`${what} ${((performance.now() - began) / 1000).toFixed(1)} s`);
      };
      const sync = () => stage.run("mbsync", ["-c", join(stage.folder, "rc"), "-a"], { env: { HOME: stage.folder } });
      let next = 0;
      for (; next < sizes.messages / 2; next++) await maildir.deliver(next);
      await timed(`push ${next}`, sync);
      const imap = await openImap(palomar, account);
      stage.defer(() => imap.close());
      await imap.mailboxOpen("INBOX");
      const half = sizes.messages - next;
      for (let i = 0; i < half; i++, next++) await append(imap, next);
      await timed(`pull ${half}`, sync);
      await same(palomar, account, maildir, sizes.messages);
      for (let round = 1; round <= sizes.rounds; round++) {
        const random = randomFrom(round);
        await changeRemote(imap, random);
        await maildir.change(random);
        for (let i = 0; i < 10; i++) await append(imap, next++);
        for (let i = 0; i < 10; i++) await maildir.deliver(next++);
        await timed(`round ${round}`, sync);
        await same(palomar, account, maildir);
      }
      await imap.logout();
      return `${sizes.messages} messages: ${times.join(", ")}`;
    },
  },
];

/** Mulberry32: the same changes in each run. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

function textOf(number: number): string {
  return `From: x@outside.test\nTo: judy@pigeon.test\nSubject: number ${number}\nMessage-ID: <${number}@sync.test>\n` +
    `Date: Tue, 1 Jan 2002 00:00:00 +0000\n\n${`line of ${number}\n`.repeat(1 + number % 50)}`;
}

async function append(imap: ImapFlow, number: number): Promise<void> {
  await imap.append("INBOX", Buffer.from(textOf(number).replaceAll("\n", "\r\n")), number % 3 ? [] : ["\\Seen"]);
}

/** Flags on a fifth of the mailbox, a twentieth removed. */
async function changeRemote(imap: ImapFlow, random: () => number): Promise<void> {
  const uids = await imap.search({ all: true }, { uid: true }) || [];
  const pick = (share: number) => uids.filter(() => random() < share).join(",");
  await imap.messageFlagsAdd(pick(0.1), ["\\Flagged"], { uid: true });
  await imap.messageFlagsRemove(pick(0.1), ["\\Seen"], { uid: true });
  await imap.messageDelete(pick(0.05), { uid: true });
}

/** A Maildir, as a mail program on the other side would change it. */
class Maildir {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async create(): Promise<void> {
    for (const name of ["cur", "new", "tmp"]) await Deno.mkdir(join(this.#folder, name), { recursive: true });
  }

  async deliver(number: number): Promise<void> {
    const name = `${1_000_000_000 + number}.M${number}.localhost`;
    await Deno.writeTextFile(join(this.#folder, "tmp", name), textOf(number));
    await Deno.rename(join(this.#folder, "tmp", name), join(this.#folder, "new", name));
  }

  async change(random: () => number): Promise<void> {
    for (const { folder, name } of this.#files()) {
      const dice = random();
      const [base = name, flags = ""] = name.split(":2,");
      if (dice < 0.05) await Deno.remove(join(folder, name));
      else if (dice < 0.2) {
        const changed = dice < 0.1
          ? flags.replace("S", "")
          : [...new Set(flags + (dice < 0.15 ? "R" : "S"))].sort().join("");
        await Deno.rename(join(folder, name), join(this.#folder, "cur", `${base}:2,${changed}`));
      }
    }
  }

  /** Message-ID to flags, as letters of the Maildir. */
  async state(): Promise<Map<string, string>> {
    const found = new Map<string, string>();
    for (const { folder, name } of this.#files()) {
      const id = idOf(await Deno.readTextFile(join(folder, name)));
      strictEqual(found.has(id), false, `${id} is in the Maildir twice`);
      found.set(id, name.split(":2,")[1] ?? "");
    }
    return found;
  }

  #files(): { folder: string; name: string }[] {
    return ["cur", "new"].flatMap((part) => {
      const folder = join(this.#folder, part);
      return [...Deno.readDirSync(folder)].map(({ name }) => ({ folder, name })).sort((a, b) =>
        a.name < b.name ? -1 : 1
      );
    });
  }
}

async function same(palomar: Palomar, account: Account, maildir: Maildir, count?: number): Promise<void> {
  const remote = new Map<string, string>();
  const imap = await openImap(palomar, account);
  await imap.mailboxOpen("INBOX");
  for await (const row of imap.fetch("1:*", { flags: true, headers: ["message-id"] })) {
    const id = idOf(row.headers?.toString() ?? "");
    strictEqual(remote.has(id), false, `${id} is in the mailbox twice`);
    remote.set(id, lettersOf(row.flags ?? new Set()));
  }
  await imap.logout();
  const sorted = (map: Map<string, string>) => [...map].sort(([a], [b]) => a < b ? -1 : 1);
  deepStrictEqual(sorted(remote), sorted(await maildir.state()));
  if (count !== undefined) strictEqual(remote.size, count);
}

const LETTERS: readonly (readonly [string, string])[] = [
  ["\\Draft", "D"],
  ["\\Flagged", "F"],
  ["\\Answered", "R"],
  ["\\Seen", "S"],
  ["\\Deleted", "T"],
];

function lettersOf(flags: Set<string>): string {
  return LETTERS.filter(([flag]) => flags.has(flag)).map(([, letter]) => letter).join("");
}

function idOf(text: string): string {
  const id = /^message-id:\s*<([^>]*)>/im.exec(text)?.[1];
  if (id === undefined) throw new Error(`no Message-ID: ${text.slice(0, 200)}`);
  return id;
}

async function writeConfig(stage: Stage, { address, password }: Account): Promise<void> {
  const version = /isync (\d+)\.(\d+)/.exec((await stage.run("mbsync", ["--version"])).stdout);
  const tls = Number(version?.[1]) > 1 || Number(version?.[2]) >= 5 ? "TLSType" : "SSLType";
  await Deno.writeTextFile(
    join(stage.folder, "rc"),
    `FSync no

IMAPStore far
Host localhost
Port ${stage.palomar.ports.imaps}
User ${address}
Pass "${password}"
${tls} IMAPS
CertificateFile ${stage.palomar.caFile}

MaildirStore near
Path ${stage.folder}/mail/
Inbox ${stage.folder}/mail/INBOX

Channel both
Far :far:
Near :near:
Patterns INBOX
Sync All
Create Near
Expunge Both
SyncState *
`,
  );
}
