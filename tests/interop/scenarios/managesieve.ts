import { ok, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { readMailbox } from "../mailbox.ts";
import type { Account } from "../palomar.ts";
import type { Scenario, Stage } from "../scenario.ts";
import { sendIn } from "../smtp_client.ts";

const ROUNDCUBE = "/usr/share/roundcube/plugins/managesieve/lib/Roundcube/rcube_sieve.php";

/** People edit their filters with what they have, and the next message obeys. */
export const manageSieve: readonly Scenario[] = [
  {
    name: "sieve-connect: uploads a filter over STARTTLS, which the next message obeys; downloads and removes it",
    needs: ["sieve-connect"],
    async run(stage) {
      const account = await stage.palomar.account("sina");
      const script = 'require ["fileinto", "imap4flags"];\nif header :contains "subject" "invoice" {\n' +
        '  fileinto :flags "\\\\Flagged" "Archive";\n}\n';
      const local = join(stage.folder, "filter.sieve");
      await Deno.writeTextFile(local, script);
      const broken = join(stage.folder, "broken.sieve");
      await Deno.writeTextFile(broken, 'fileinto "Archive";\n');
      await connect(stage, account, "--checkscript", "--localsieve", local);
      const { code, stdout, stderr } = await connect(stage, account, "--checkscript", "--localsieve", broken);
      ok(code !== 0 && /1:1:.*needs .require/.test(stdout + stderr), `${code} ${stdout}${stderr}`);
      for (const remote of ["filter one", "filter"]) {
        const to = ["--remotesieve", remote];
        strictEqual((await connect(stage, account, "--upload", "--localsieve", local, ...to)).code, 0, remote);
        strictEqual((await connect(stage, account, "--activate", ...to)).code, 0, remote);
        ok((await connect(stage, account, "--list")).stdout.includes(`"${remote}" ACTIVE`), remote);
      }
      const back = join(stage.folder, "back.sieve");
      await connect(stage, account, "--download", "--localsieve", back, "--remotesieve", "filter one");
      strictEqual((await Deno.readTextFile(back)).replaceAll("\r\n", "\n"), script);
      await obeys(stage, account);
      strictEqual((await connect(stage, account, "--delete", "--remotesieve", "filter one")).code, 0);
      ok((await connect(stage, account, "--delete", "--remotesieve", "filter")).code !== 0, "active");
    },
  },
  {
    name: "Roundcube: its filter editor saves a rule, which the next message obeys",
    needs: ["php", ROUNDCUBE, "/usr/share/php/Net/Sieve.php"],
    async run(stage) {
      const { palomar } = stage;
      const account = await palomar.account("ruth");
      await Deno.writeTextFile(
        join(stage.folder, "config.inc.php"),
        "<?php $config['db_dsnw'] = 'sqlite:////tmp/none'; $config['log_driver'] = 'stdout';\n",
      );
      const script = new URL("../scripts/managesieve.php", import.meta.url).pathname;
      const port = `${palomar.ports.managesieve}`;
      await stage.run("php", [script, "localhost", port, palomar.caFile, account.address, account.password]);
      await obeys(stage, account);
    },
  },
];

function connect(stage: Stage, account: Account, ...args: readonly string[]) {
  const { palomar } = stage;
  return stage.run("sieve-connect", [
    ...["--server", "localhost", "--port", `${palomar.ports.managesieve}`, "--nosrv", "--4"],
    ...["--tlscafile", palomar.caFile, "--user", account.address, "--passwordfd", "0", ...args],
  ], { stdin: `${account.password}\n`, codes: "any" });
}

/** An invoice goes to Archive, anything else to INBOX. */
async function obeys({ palomar }: Stage, account: Account): Promise<void> {
  for (const subject of ["Your Invoice 17", "Lunch"]) {
    await sendIn(palomar.ports.smtp, account, `Subject: ${subject}\r\n\r\nHello\r\n`);
  }
  const subjects = async (mailbox: string) =>
    (await readMailbox(palomar, account, mailbox)).map((text) => /^Subject: (.*)\r$/m.exec(text)?.[1]);
  strictEqual((await subjects("Archive")).join(), "Your Invoice 17");
  strictEqual((await subjects("INBOX")).join(), "Lunch");
}
