import { ok } from "node:assert/strict";
import { join } from "node:path";
import { arrives, inMaildir } from "../mailbox.ts";
import { freePorts } from "../palomar.ts";
import { eventually, type Scenario, type Stage } from "../scenario.ts";
import { sendIn } from "../smtp_client.ts";
import { submit } from "../submit.ts";

const DOMAIN = "exim.test";
const USER = `philip@${DOMAIN}`;

/** The server that many providers run, with a folder of its own for everything. */
export const exim: readonly Scenario[] = [
  {
    name: "exim: mail and reports go both ways between Palomar and Exim",
    needs: ["exim4"],
    root: true,
    seconds: 90,
    async run(stage) {
      const port = freePorts().smtp;
      const routes = { [DOMAIN]: { host: "127.0.0.1", port, tls: "none" } };
      const retry = { first: "1s", longest: "5s", giveUp: "1h" };
      const palomar = await stage.startPalomar("ours.test", { config: { outbound: { retry, routes } } });
      const account = await palomar.account("olga");
      const maildir = await startExim(stage, port, palomar.ports.smtp);

      const out = await submit(palomar, account, USER, "To Exim");
      ok((await inMaildir(maildir, out)).includes("with esmtp"));
      const outReport = await arrives(palomar, account, await submit(palomar, account, `nobody@${DOMAIN}`, "Nobody"));
      ok(/^Status: 5\./m.test(outReport) && outReport.includes("no such user here"), outReport);

      const text = (id: string) => `From: ${USER}\r\nMessage-ID: <${id}>\r\nSubject: From Exim\r\n\r\nHello`;
      await sendIn(port, account, text("in@exim.test"), USER);
      ok((await arrives(palomar, account, "<in@exim.test>")).includes("(Exim "));
      await sendIn(port, `nobody@${palomar.domain}`, text("lost@exim.test"), USER);
      ok((await inMaildir(maildir, "<lost@exim.test>")).includes("550 5.1.1"));
    },
  },
];

/** Starts Exim for its domain with one Maildir, which it gives; all else goes to `target`. */
async function startExim(stage: Stage, port: number, target: number): Promise<string> {
  const home = join(stage.folder, "exim");
  for (const name of ["spool", "log", "mail"]) await Deno.mkdir(join(home, name), { recursive: true });
  await stage.run("chown", ["-R", "Debian-exim", home]);
  await stage.run("chmod", ["755", stage.folder]);
  const file = join(home, "exim.conf");
  await Deno.writeTextFile(file, configuration(home, port, target));
  const child = new Deno.Command("exim4", {
    args: ["-C", file, "-bdf", "-q5s"],
    stdout: "null",
    stderr: "null",
    stdin: "null",
  }).spawn();
  stage.defer(async () => {
    child.kill("SIGKILL");
    await child.status;
  });
  await eventually("Exim listens", async () => {
    try {
      (await Deno.connect({ hostname: "127.0.0.1", port })).close();
      return true;
    } catch {
      return false;
    }
  });
  return join(home, "mail");
}

function configuration(home: string, port: number, target: number): string {
  return `primary_hostname = mx.${DOMAIN}
domainlist ours = ${DOMAIN}
daemon_smtp_ports = ${port}
local_interfaces = 127.0.0.1
spool_directory = ${home}/spool
log_file_path = ${home}/log/%slog
pid_file_path = ${home}/exim.pid
tls_advertise_hosts =
keep_environment =
queue_run_in_order = false
acl_smtp_rcpt = rcpt
acl_smtp_data = accept
begin acl
rcpt:
  accept domains = +ours
         local_parts = philip
  deny   domains = +ours
         message = no such user here
  accept hosts = 127.0.0.1
begin routers
ours:
  driver = accept
  domains = +ours
  transport = maildir
others:
  driver = manualroute
  route_list = * 127.0.0.1::${target}
  self = send
  transport = remote
begin transports
maildir:
  driver = appendfile
  maildir_format
  directory = ${home}/mail
  create_directory
  user = Debian-exim
remote:
  driver = smtp
  allow_localhost
  hosts_avoid_tls = *
begin retry
* * F,1h,5s
`;
}
