import { ok } from "node:assert/strict";
import { join } from "node:path";
import { arrives, inMaildir, readMailbox } from "../mailbox.ts";
import { freePorts, listenersAt } from "../palomar.ts";
import { eventually, type Scenario, type Stage } from "../scenario.ts";
import { sendIn } from "../smtp_client.ts";
import { submit } from "../submit.ts";

const DOMAIN = "postfix.test";
const USER = `wietse@${DOMAIN}`;

/** The other server of the field, with a folder of its own for everything. */
export const postfix: readonly Scenario[] = [
  {
    name: "postfix: mail and reports go both ways between Palomar and Postfix",
    needs: ["postfix"],
    root: true,
    seconds: 90,
    async run(stage) {
      const port = freePorts().smtp;
      const routes = { [DOMAIN]: { host: "127.0.0.1", port, tls: "none" } };
      const retry = { first: "1s", longest: "5s", giveUp: "1h" };
      const palomar = await stage.startPalomar("ours.test", { config: { outbound: { retry, routes } } });
      const account = await palomar.account("olga");
      const maildir = await startPostfix(stage, port, palomar.domain, palomar.ports.smtp);

      const out = await submit(palomar, account, USER, "To Postfix");
      ok((await inMaildir(maildir, out)).includes("with ESMTP"));
      const outReport = await arrives(palomar, account, await submit(palomar, account, `nobody@${DOMAIN}`, "Nobody"));
      ok(/^Status: 5\.1\.1/m.test(outReport) && outReport.includes("multipart/report"), outReport);

      const text = (id: string) => `From: ${USER}\r\nMessage-ID: <${id}>\r\nSubject: From Postfix\r\n\r\nHello`;
      await sendIn(port, account, text("in@postfix.test"), USER);
      ok((await arrives(palomar, account, "<in@postfix.test>")).includes("(Postfix)"));
      await sendIn(port, `nobody@${palomar.domain}`, text("lost@postfix.test"), USER);
      const inReport = await inMaildir(maildir, "<lost@postfix.test>");
      ok(/^Status: 5\.1\.1/m.test(inReport), inReport);
      ok(inReport.includes("550 5.1.1"), inReport);
    },
  },
  {
    name: "postfix: palomar deliver --lmtp is its mailbox_command, as the users whose mail it is",
    needs: ["postfix", "setpriv"],
    root: true,
    seconds: 90,
    async run(stage) {
      const ports = freePorts();
      const path = join(stage.folder, "lmtp");
      const listeners = [...listenersAt(ports), { protocol: "lmtp", path, mode: "0666" }];
      const palomar = await stage.startPalomar("ours.test", { ports, config: { listeners } });
      const games = { address: `games@${palomar.domain}`, password: "pass word" };
      await palomar.cli(["account", "add", games.address, "--password-stdin"], games.password + "\n");
      const script = 'require ["reject", "envelope", "fileinto", "mailbox"];\n' +
        'if header :is "subject" "refuse me" { reject "Not this"; }\n' +
        'elsif envelope :is "from" "" { fileinto :create "Bounces"; }\n';
      await palomar.cli(["sieve", "put", games.address, "main", "--activate", "-"], script);
      const port = freePorts().smtp;
      const maildir = await startPostfix(
        stage,
        port,
        "elsewhere.test",
        palomar.ports.smtp,
        `
mydestination = ${palomar.domain}
transport_maps =
mailbox_command = ${await publicCommand(stage)} deliver --lmtp ${path} -f "$SENDER" "$RECIPIENT"
`,
      );
      const text = (subject: string) => `From: ${USER}\r\nSubject: ${subject}\r\n\r\nHello\r\n`;
      await sendIn(port, games, text("to games"), USER);
      const got = await arrives(palomar, games, "Subject: to games");
      ok(got.startsWith(`Return-Path: <${USER}>\r\nDelivered-To: ${games.address}\r\n`), got);
      ok(got.trimEnd().endsWith("\r\n\r\nHello"), got);
      // What is refused goes back to its sender by Postfix, who is told why.
      await sendIn(port, games, text("refuse me"), USER);
      const report = await inMaildir(maildir, "Subject: refuse me");
      ok(report.includes("Not this") && report.includes("550 5.7.1"), report);
      await sendIn(port, games, text("from nobody"), "");
      await eventually(
        "the null sender is one",
        async () => (await readMailbox(palomar, games, "Bounces").catch(() => [])).length === 1,
      );
      // Where nothing listens mail waits at Postfix.
      await palomar.stop();
      await sendIn(port, games, text("later"), USER);
      await eventually("Postfix keeps it", async () => {
        const { stdout } = await stage.run("postqueue", ["-c", join(stage.folder, "postfix", "etc"), "-p"]);
        return stdout.includes("temporary failure") || stdout.includes("lmtp");
      });
      await palomar.start();
      await stage.run("postqueue", ["-c", join(stage.folder, "postfix", "etc"), "-f"]);
      await arrives(palomar, games, "Subject: later");
    },
  },
];

/** The command line as everybody can call it: with its packages where everybody may read them, and no configuration. */
async function publicCommand(stage: Stage): Promise<string> {
  const root = new URL("../../../", import.meta.url).pathname;
  const cache = await Deno.makeTempDir({ prefix: "palomar-deno-" });
  stage.defer(() => Deno.remove(cache, { recursive: true }));
  const { stdout } = await stage.run(Deno.execPath(), ["info", "--json"]);
  await stage.run("cp", ["-r", (JSON.parse(stdout) as { npmCache: string }).npmCache, `${cache}/npm`]);
  await stage.run("chmod", ["-R", "a+rwX", cache, stage.folder]);
  const file = join(cache, "palomar");
  await Deno.writeTextFile(
    file,
    `#!/bin/sh\nexport DENO_DIR='${cache}' HOME=/nonexistent\ncd '${root}' && exec '${Deno.execPath()}' run --quiet --frozen ` +
      `--cached-only --no-prompt --allow-net --allow-read --allow-write --allow-env --allow-sys src/cli/main.ts "$@"\n`,
  );
  await Deno.chmod(file, 0o755);
  return file;
}

/** Starts Postfix for its domain with one Maildir, which it gives, and hands mail for `domain` to `target`. */
async function startPostfix(
  stage: Stage,
  port: number,
  domain: string,
  target: number,
  more = "",
): Promise<string> {
  const home = join(stage.folder, "postfix");
  for (const name of ["etc", "queue", "lib", "mail"]) await Deno.mkdir(join(home, name), { recursive: true });
  await stage.run("chown", ["postfix", join(home, "lib"), join(home, "mail")]);
  const { stdout: uid } = await stage.run("id", ["-u", "postfix"]);
  const { stdout: gid } = await stage.run("id", ["-g", "postfix"]);
  await Deno.writeTextFile(join(home, "etc", "main.cf"), mainCf(home, domain, target, uid.trim(), gid.trim()) + more);
  await Deno.writeTextFile(join(home, "etc", "master.cf"), await masterCf(port));
  const child = new Deno.Command("postfix", {
    args: ["-c", join(home, "etc"), "start-fg"],
    stdout: "null",
    stderr: "null",
  }).spawn();
  stage.defer(async () => {
    const args = ["-c", join(home, "etc"), "abort"];
    await new Deno.Command("postfix", { args, stdout: "null", stderr: "null" }).output();
    const timer = setTimeout(() => child.kill("SIGKILL"), 10_000);
    await child.status;
    clearTimeout(timer);
  });
  await eventually("Postfix listens", async () => {
    try {
      (await Deno.connect({ hostname: "127.0.0.1", port })).close();
      return true;
    } catch {
      return false;
    }
  });
  return join(home, "mail", "wietse");
}

function mainCf(home: string, domain: string, target: number, uid: string, gid: string): string {
  return `compatibility_level = 3.6
queue_directory = ${home}/queue
data_directory = ${home}/lib
daemon_directory = /usr/lib/postfix/sbin
command_directory = /usr/sbin
meta_directory = /etc/postfix
mail_owner = postfix
setgid_group = postdrop
maillog_file = ${home}/log
maillog_file_prefixes = ${home}
myhostname = mx.${DOMAIN}
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
alias_maps =
local_recipient_maps =
virtual_mailbox_domains = ${DOMAIN}
virtual_mailbox_base = ${home}/mail
virtual_mailbox_maps = inline:{ { ${USER} = wietse/ } }
virtual_uid_maps = static:${uid}
virtual_gid_maps = static:${gid}
virtual_minimum_uid = 1
transport_maps = inline:{ { ${domain} = smtp:[127.0.0.1]:${target} } }
smtp_tls_security_level = may
`;
}

/** Debian's master.cf, nothing chrooted, listening on `port` of loopback only. */
async function masterCf(port: number): Promise<string> {
  const dist = await Deno.readTextFile("/usr/share/postfix/master.cf.dist");
  const services = dist.split("\n").filter((line) => !/^smtp +inet/.test(line)).map((line) => {
    const words = line.split(/\s+/);
    if (!/^[a-z]/.test(line) || words.length < 8) return line;
    words[4] = "n";
    return words.join(" ");
  });
  services.push(`127.0.0.1:${port} inet n - n - - smtpd`);
  if (!services.some((line) => line.startsWith("postlog"))) services.push("postlog unix-dgram n - n - 1 postlogd");
  return services.join("\n") + "\n";
}
