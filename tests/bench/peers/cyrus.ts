/** Cyrus IMAP of the distribution with JMAP over HTTP, in a folder of its own; fsync as by default. */
import { ACCOUNTS, DOMAIN, PASSWORD, type Peer, stopChild, waitForPort } from "./peer.ts";

const MASTER = "/usr/lib/cyrus/bin/master";

export interface CyrusPeer extends Peer {
  readonly imapPort: number;
  readonly lmtpPort: number;
  readonly httpPort: number;
}

/** What is missing for it here, or null. */
export function cyrusMissing(): string | null {
  try {
    Deno.statSync(MASTER);
    Deno.statSync("/usr/lib/cyrus/bin/httpd");
  } catch {
    return "Cyrus is not installed (apt-get install cyrus-imapd cyrus-admin cyrus-caldav sasl2-bin)";
  }
  return Deno.uid() === 0 ? null : "Cyrus is started as root";
}

export async function startCyrus(folder: string, port: number): Promise<CyrusPeer> {
  for (const name of ["lib", "spool", "search", "run/proc", "run/lock", "run/socket"]) {
    await Deno.mkdir(`${folder}/${name}`, { recursive: true });
  }
  for (const name of ["db", "log", "msg", "socket", "quota", "user", "sieve", "sync"]) {
    await Deno.mkdir(`${folder}/lib/${name}`, { recursive: true });
  }
  await Deno.chmod(folder, 0o755);
  await Deno.writeTextFile(`${folder}/imapd.conf`, imapdConf(folder));
  await Deno.writeTextFile(`${folder}/cyrus.conf`, cyrusConf(folder, port));
  for (let i = 1; i <= ACCOUNTS; i++) await password(`${folder}/sasldb2`, `u${i}`);
  await run("chown", "-R", "cyrus:mail", folder);
  const child = new Deno.Command(MASTER, {
    args: ["-C", `${folder}/imapd.conf`, "-M", `${folder}/cyrus.conf`, "-p", `${folder}/run/pid`],
    stdout: "null",
    stderr: "null",
  }).spawn();
  for (const offset of [1, 3, 4]) await waitForPort(port + offset);
  return {
    name: "cyrus",
    settings: "defaults, conversations, no search index",
    smtpPort: port + 4,
    imapPort: port + 1,
    httpPort: port + 3,
    lmtpPort: port + 4,
    pid: child.pid,
    delivered: null,
    stop: () => stopChild(child),
  };
}

async function password(database: string, user: string): Promise<void> {
  const child = new Deno.Command("saslpasswd2", {
    // The realm of a user of `defaultdomain` is `servername`.
    args: ["-p", "-c", "-f", database, "-u", "localhost", user],
    stdin: "piped",
    stdout: "null",
    stderr: "null",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(PASSWORD));
  await writer.close();
  if (!(await child.status).success) throw new Error("saslpasswd2 failed");
}

async function run(program: string, ...args: string[]): Promise<void> {
  const { success } = await new Deno.Command(program, { args, stdout: "null", stderr: "inherit" }).output();
  if (!success) throw new Error(`${program} failed`);
}

function imapdConf(folder: string): string {
  return `configdirectory: ${folder}/lib
partition-default: ${folder}/spool
defaultpartition: default
allowplaintext: yes
sasl_pwcheck_method: auxprop
sasl_auxprop_plugin: sasldb
sasl_sasldb_path: ${folder}/sasldb2
sasl_mech_list: PLAIN LOGIN
servername: localhost
virtdomains: userid
defaultdomain: ${DOMAIN}
unixhierarchysep: yes
altnamespace: yes
autocreate_quota: 0
autocreate_post: yes
lmtpsocket: ${folder}/run/lmtp
idlesocket: ${folder}/run/idle
notifysocket: ${folder}/run/notify
proc_path: ${folder}/run/proc
mboxname_lockpath: ${folder}/run/lock
conversations: yes
conversations_db: twoskip
search_engine: xapian
defaultsearchtier: t1
t1searchpartition-default: ${folder}/search
httpmodules: jmap
jmap_nonstandard_extensions: no
duplicatesuppression: no
maxlogins_per_user: 0
maxlogins_per_host: 0
maxmessagesize: 104857600
hashimapspool: yes
`;
}

function cyrusConf(folder: string, port: number): string {
  const at = (name: string, offset: number, command: string) =>
    `  ${name} cmd="${command} -C ${folder}/imapd.conf" listen="127.0.0.1:${port + offset}" prefork=1 maxchild=500\n`;
  return `START {
  recover cmd="/usr/sbin/cyrus ctl_cyrusdb -C ${folder}/imapd.conf -r"
}
SERVICES {
${at("imap", 1, "imapd")}${at("http", 3, "httpd")}${at("lmtp", 4, "lmtpd -a")}}
EVENTS {
  checkpoint cmd="/usr/sbin/cyrus ctl_cyrusdb -C ${folder}/imapd.conf -c" period=30
}
DAEMON {
  idled cmd="/usr/lib/cyrus/bin/idled -C ${folder}/imapd.conf"
}
`;
}
