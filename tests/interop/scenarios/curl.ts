import { ok, strictEqual } from "node:assert/strict";
import { arrives } from "../mailbox.ts";
import type { Account } from "../palomar.ts";
import type { Scenario, Stage } from "../scenario.ts";

const needs = ["curl"];
const TEXT = "To: carol@pigeon.test\r\nSubject: By curl\r\nMIME-Version: 1.0\r\n\r\n.One dot\r\n..Two\r\n\r\nEnd\r\n";

/** curl checks certificates against the authority in each of these. */
export const curl: readonly Scenario[] = [
  {
    name: "curl: smtps sends a message with dots, which comes out of imaps as it was",
    needs,
    async run(stage) {
      const account = await stage.palomar.account("carol");
      await send(stage, account, TEXT);
      const stored = await arrives(stage.palomar, account, "Subject: By curl");
      ok(stored.endsWith("\r\n\r\n.One dot\r\n..Two\r\n\r\nEnd\r\n"), stored);
      const url = `imaps://localhost:${stage.palomar.ports.imaps}/INBOX;MAILINDEX=1`;
      strictEqual((await fetch(stage, account, url)).stdout, stored);
    },
  },
  {
    name: "curl: imap with STARTTLS lists, searches, appends and sets flags",
    needs,
    async run(stage) {
      const account = await stage.palomar.account("carol");
      const url = `imap://localhost:${stage.palomar.ports.imap}`;
      const list = (await fetch(stage, account, `${url}/`, "--ssl-reqd")).stdout;
      ok(/\* LIST \([^)]*\) "\/" "?INBOX"?/.test(list), list);
      await Deno.writeTextFile(`${stage.folder}/mail`, TEXT);
      await fetch(stage, account, `${url}/INBOX`, "--ssl-reqd", "-T", `${stage.folder}/mail`);
      const search = (await fetch(stage, account, `${url}/INBOX?SUBJECT%20curl`, "--ssl-reqd")).stdout;
      strictEqual(search, "* SEARCH 1\r\n");
      const store = await fetch(stage, account, `${url}/INBOX`, "--ssl-reqd", "-X", "STORE 1 +FLAGS (\\Flagged $Junk)");
      ok(/\* 1 FETCH \(.*FLAGS \(.*\\Flagged/.test(store.stdout), store.stdout);
    },
  },
  {
    name: "curl: pop3s lists, fetches, tops and deletes",
    needs,
    async run(stage) {
      const account = await stage.palomar.account("carol");
      await send(stage, account, TEXT);
      await arrives(stage.palomar, account, "Subject: By curl");
      const url = `pop3s://localhost:${stage.palomar.ports.pop3s}`;
      ok(/^1 \d+\r\n$/.test((await fetch(stage, account, `${url}/`)).stdout));
      ok((await fetch(stage, account, `${url}/1`)).stdout.endsWith("\r\n\r\n.One dot\r\n..Two\r\n\r\nEnd\r\n"));
      const top = (await fetch(stage, account, `${url}/`, "-X", "TOP 1 1")).stdout;
      ok(top.endsWith("\r\n\r\n.One dot\r\n"), top);
      await fetch(stage, account, `${url}/1`, "-X", "DELE", "-I");
      strictEqual((await fetch(stage, account, `${url}/`)).stdout.trim(), "");
    },
  },
  {
    name: "curl: SASL PLAIN and LOGIN log in to imaps and pop3s, and a wrong password does not",
    needs,
    async run(stage) {
      const account = await stage.palomar.account("carol");
      const { imaps, pop3s } = stage.palomar.ports;
      const doors = [[`imaps://localhost:${imaps}/`, "PLAIN", "LOGIN"], [`pop3s://localhost:${pop3s}/`, "PLAIN"]];
      for (const [url = "", ...mechanisms] of doors) {
        for (const mechanism of mechanisms) {
          const login = ["--login-options", `AUTH=${mechanism}`];
          await fetch(stage, account, url, ...login);
          const wrong = await run(stage, { ...account, password: "wrong" }, url, login);
          strictEqual(wrong.code, 67, wrong.stderr); // login denied
        }
      }
    },
  },
];

async function send(stage: Stage, account: Account, text: string): Promise<void> {
  await Deno.writeTextFile(`${stage.folder}/mail`, `From: ${account.address}\r\n${text}`);
  await fetch(
    stage,
    account,
    `smtps://localhost:${stage.palomar.ports.smtps}`,
    ...["--mail-from", account.address, "--mail-rcpt", account.address, "-T", `${stage.folder}/mail`],
  );
}

async function fetch(stage: Stage, account: Account, url: string, ...more: string[]) {
  const ran = await run(stage, account, url, more);
  if (ran.code !== 0) throw new Error(`curl ${url} ${more.join(" ")} ended with ${ran.code}\n${dialogue(ran.stderr)}`);
  return ran;
}

/** The lines of the protocol, without those about TLS. */
function dialogue(verbose: string): string {
  return verbose.split("\n").filter((line) => /^([<>]|curl)/.test(line)).slice(-15).join("\n");
}

function run(stage: Stage, account: Account, url: string, more: readonly string[]) {
  const args = ["-sSv", "--cacert", stage.palomar.caFile, "-u", `${account.address}:${account.password}`];
  return stage.run("curl", [...args, ...more, url], { codes: "any" });
}
