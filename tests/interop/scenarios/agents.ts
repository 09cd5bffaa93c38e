import { ok, strictEqual } from "node:assert/strict";
import { arrives, readMailbox } from "../mailbox.ts";
import type { Scenario } from "../scenario.ts";
import { sendIn } from "../smtp_client.ts";

/** Programs that people read and send mail with. */
export const agents: readonly Scenario[] = [
  {
    name: "msmtp: sends by implicit TLS and by STARTTLS",
    needs: ["msmtp"],
    async run(stage) {
      const { palomar } = stage;
      const account = await palomar.account("erin");
      for (const [port, starttls] of [[palomar.ports.smtps, "off"], [palomar.ports.submission, "on"]]) {
        const subject = `msmtp ${crypto.randomUUID()}`;
        const text = `From: ${account.address}\nTo: ${account.address}\nSubject: ${subject}\n\nHello\n.\nEnd\n`;
        await stage.run("msmtp", [
          ...["--host=localhost", `--port=${port}`, "--tls=on", `--tls-starttls=${starttls}`],
          ...[`--tls-trust-file=${palomar.caFile}`, "--auth=on", `--user=${account.address}`],
          ...[`--passwordeval=printenv MSMTP_PASSWORD`, `--from=${account.address}`, account.address],
        ], { stdin: text, env: { MSMTP_PASSWORD: account.password } });
        ok((await arrives(palomar, account, subject)).endsWith("\r\n\r\nHello\r\n.\r\nEnd\r\n"));
      }
    },
  },
  fetches("fetchmail: fetches by POP3 with STLS and removes", "pop3", "pop3"),
  fetches("fetchmail: fetches by IMAP with implicit TLS and removes", "imap", "imaps"),
  {
    name: "fetchmail: palomar deliver as its mda runs scripts, and what is refused with -e stays where it was",
    needs: ["fetchmail"],
    async run(stage) {
      const { palomar } = stage;
      const [from, to] = [await palomar.account("erin"), await palomar.account("frank")];
      const script = 'require ["fileinto", "mailbox", "reject", "envelope"];\n' +
        'if header :is "subject" "refuse me" { reject "Not this"; }\n' +
        'elsif envelope :is "from" "x@outside.test" { fileinto :create "Fetched"; }\n';
      await palomar.cli(["sieve", "put", to.address, "main", "-"], script);
      await palomar.cli(["sieve", "activate", to.address, "main"]);
      for (const subject of ["file me", "refuse me"]) {
        await sendIn(palomar.ports.smtp, from, `From: x@outside.test\r\nSubject: ${subject}\r\n\r\nHello`);
      }
      const mda = `${await palomar.script("deliver")} -e -f %F ${to.address}`;
      await Deno.writeTextFile(
        `${stage.folder}/rc`,
        `poll localhost protocol pop3 port ${palomar.ports.pop3}
user "${from.address}" password "${from.password}" sslproto tls1.2+
sslcertck sslcertfile "${palomar.caFile}" mda "${mda}" fetchall
`,
      );
      await Deno.chmod(`${stage.folder}/rc`, 0o600);
      const args = ["-f", `${stage.folder}/rc`, "--nodetach", "-v", "--pidfile", `${stage.folder}/pid`];
      const env = { HOME: stage.folder, FETCHMAILHOME: stage.folder };
      const { stdout, stderr } = await stage.run("fetchmail", args, { env, codes: "any" });
      const filed = await readMailbox(palomar, to, "Fetched");
      strictEqual(filed.length, 1, stdout + stderr);
      ok(filed[0]!.startsWith("Return-Path: <x@outside.test>\r\n") && filed[0]!.includes("Subject: file me"), filed[0]);
      strictEqual((await readMailbox(palomar, to)).length, 0);
      const kept = await readMailbox(palomar, from);
      ok(kept.length === 1 && kept[0]!.includes("Subject: refuse me"), stdout + stderr);
    },
  },
  {
    name: "mutt: sends by smtps with an attachment, reads it over imaps and deletes it",
    needs: ["mutt", "script"],
    async run(stage) {
      const { palomar } = stage;
      const account = await palomar.account("erin");
      const subject = `mutt ${crypto.randomUUID()}`;
      const login = `${encodeURIComponent(account.address)}:${encodeURIComponent(account.password)}`;
      await Deno.writeTextFile(
        `${stage.folder}/muttrc`,
        `set smtp_url="smtps://${login}@localhost:${palomar.ports.smtps}"
set from=${account.address}
set ssl_ca_certificates_file=${palomar.caFile}
set certificate_file=${palomar.caFile}
set folder=${stage.folder} spoolfile=/dev/null
set copy=no delete=yes quit=yes wait_key=no mark_old=no
set header_cache="" confirmappend=no
`,
      );
      await Deno.writeTextFile(`${stage.folder}/notes.txt`, "Attached by mutt\n");
      const env = { HOME: stage.folder, TERM: "xterm" };
      await stage.run("mutt", [
        ...["-F", `${stage.folder}/muttrc`, "-s", subject, "-a", `${stage.folder}/notes.txt`, "--", account.address],
      ], { stdin: "A body\n", env });
      ok((await arrives(palomar, account, subject)).includes("notes.txt"));
      const url = `imaps://${login}@localhost:${palomar.ports.imaps}/INBOX`;
      const push = "<display-message><exit><flag-message><delete-message><sync-mailbox><quit>";
      const mutt = `mutt -F ${stage.folder}/muttrc -f '${url}' -e 'push ${push}'`;
      await stage.run("script", ["-qec", mutt, "/dev/null"], { env, stdin: "" });
      strictEqual((await readMailbox(palomar, account)).length, 0);
    },
  },
];

function fetches(name: string, protocol: "pop3" | "imap", door: "pop3" | "imaps"): Scenario {
  return {
    name,
    needs: ["fetchmail"],
    async run(stage) {
      const { palomar } = stage;
      const account = await palomar.account("erin");
      for (let i = 1; i <= 3; i++) {
        await sendIn(palomar.ports.smtp, account, `From: x@outside.test\r\nSubject: fetch me ${i}\r\n\r\nHello`);
      }
      await Deno.writeTextFile(
        `${stage.folder}/rc`,
        `poll localhost protocol ${protocol} port ${palomar.ports[door]}
user "${account.address}" password "${account.password}" ${door === "imaps" ? "ssl" : "sslproto tls1.2+"}
sslcertck sslcertfile "${palomar.caFile}" mda "cat >> ${stage.folder}/got" fetchall
`,
      );
      await Deno.chmod(`${stage.folder}/rc`, 0o600);
      const args = ["-f", `${stage.folder}/rc`, "--nodetach", "-v", "--pidfile", `${stage.folder}/pid`];
      await stage.run("fetchmail", args, { env: { HOME: stage.folder, FETCHMAILHOME: stage.folder } });
      const got = await Deno.readTextFile(`${stage.folder}/got`);
      for (let i = 1; i <= 3; i++) ok(got.includes(`Subject: fetch me ${i}`), got);
      strictEqual((await readMailbox(palomar, account)).length, 0);
      await stage.run("fetchmail", args, { env: { HOME: stage.folder, FETCHMAILHOME: stage.folder }, codes: [1] }); // 1: no mail
    },
  };
}
