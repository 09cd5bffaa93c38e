/** Where procmail and maildrop put a message, and where what Palomar makes of their files does. */
import { deepStrictEqual } from "node:assert/strict";
import { join } from "node:path";
import { utf8Bytes } from "../../../src/base/bytes.ts";
import { type ImportedScript, importMaildrop, importProcmail } from "../../../src/sieve/import/mod.ts";
import { crlfLines } from "../../../src/message/mod.ts";
import { concatBytes } from "../../../src/base/bytes.ts";
import { play } from "../../sieve/scene.ts";
import type { Stage } from "../scenario.ts";
import { Chance } from "../sieve/generate.ts";
import { FOLDERS, makeMail, makeMailfilter, makeProcmailrc } from "./generate.ts";

const NOBODY = 65534;
const OWNER = "me@home.example";

type Program = "procmail" | "maildrop";

/** Throws with file, message and both outcomes at the first pair that differs; how many could be translated as a whole. */
export async function compareImport(
  stage: Pick<Stage, "run">,
  program: Program,
  folder: string,
  seed: number,
  pairs: number,
): Promise<number> {
  let whole = 0;
  await Deno.mkdir(folder, { recursive: true });
  for (let i = 0; i < pairs; i++) {
    const chance = new Chance(seed + i);
    const text = program === "procmail" ? makeProcmailrc(chance) : makeMailfilter(chance);
    const made = program === "procmail" ? importProcmail(text) : importMaildrop(text);
    if (made.untranslated.length > 0) continue;
    whole++;
    for (let j = 0; j < 3; j++) {
      const mail = makeMail(chance);
      const theirs = await theirPlaces(stage, program, join(folder, "home"), text, mail);
      const ours = ourPlaces(made, mail);
      deepStrictEqual(ours, theirs, `seed ${seed + i}\n${text}\n--- as Sieve\n${made.script}\n--- message\n${mail}`);
    }
  }
  return whole;
}

async function theirPlaces(
  stage: Pick<Stage, "run">,
  program: Program,
  home: string,
  text: string,
  mail: string,
): Promise<string[]> {
  await Deno.remove(home, { recursive: true }).catch(() => {});
  await Deno.mkdir(join(home, "Maildir", "old"), { recursive: true });
  const stub = join(home, "stub");
  const sent = join(home, "sent");
  await Deno.writeTextFile(stub, `#!/bin/sh\nfor one; do echo "$one" >> '${sent}'; done\ncat > /dev/null\n`);
  await Deno.chmod(stub, 0o755);
  const inbox = join(home, "INBOX");
  const maildir = join(home, "Maildir");
  const file = join(home, "filter");
  const prelude = `HOME="${home}"\nSHELL="/bin/sh"\nSENDMAIL="${stub}"\nDEFAULT="${inbox}"\n`;
  await Deno.writeTextFile(file, program === "maildrop" ? prelude + text : text);
  await Deno.chmod(file, 0o600);
  await stage.run("chown", ["-R", `${NOBODY}:${NOBODY}`, home]);
  const args = program === "maildrop"
    ? [file]
    : [`DEFAULT=${inbox}/`, "COMSAT=no", `MAILDIR=${maildir}`, `SENDMAIL=${stub}`, file];
  const ids = ["--reuid", `${NOBODY}`, "--regid", `${NOBODY}`, "--clear-groups"];
  await stage.run("setpriv", [...ids, "env", `HOME=${home}`, program, ...args], { stdin: mail });
  const places: string[] = [];
  if (await holdsMail(inbox)) places.push("INBOX");
  for (const name of FOLDERS) {
    const bare = name.replace(/\/$/, "");
    if (await holdsMail(join(maildir, bare))) places.push(nameOf(bare));
  }
  const words = (await Deno.readTextFile(sent).catch(() => "")).split("\n");
  for (const word of words) if (word.includes("@elsewhere")) places.push(`to ${word}`);
  return [...new Set(places)].sort();
}

/** Maildir++ names stand for levels. */
const nameOf = (folder: string): string => folder.startsWith(".") ? folder.slice(1).replaceAll(".", "/") : folder;

/** A file, or a Maildir. */
async function holdsMail(path: string): Promise<boolean> {
  const found = await Deno.stat(path).catch(() => null);
  if (found === null) return false;
  if (found.isFile) return found.size > 0;
  return (await Array.fromAsync(Deno.readDir(join(path, "new"))).catch(() => [])).length > 0;
}

function ourPlaces({ script }: ImportedScript, mail: string): string[] {
  const sender = /^From (\S+)/.exec(mail)![1]!;
  const text = mail.slice(mail.indexOf("\n") + 1);
  const { actions, failures } = play(script, {
    message: concatBytes([crlfLines()(utf8Bytes(text))]),
    facts: {
      envelope: { from: sender.includes("@") ? sender : "", to: OWNER },
      owner: { address: OWNER, addresses: [OWNER] },
    },
  });
  const places = failures.map(({ message }) => `failed ${message}`);
  for (const action of actions) {
    if (action.kind === "keep") places.push("INBOX");
    else if (action.kind === "fileinto") places.push(action.mailbox);
    else if (action.kind === "redirect") places.push(`to ${action.address}`);
  }
  return [...new Set(places)].sort();
}
