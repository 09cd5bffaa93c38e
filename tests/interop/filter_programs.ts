/** Content filters of the distribution, as a machine has them: OpenDKIM, OpenDMARC and rspamd, each at a port of loopback. */
import { join } from "node:path";
import { eventually, type Stage } from "./scenario.ts";

/** Name in the fields that OpenDKIM and OpenDMARC write. */
export const FILTERS_NAME = "filters.test";

/** Verifies signatures and writes Authentication-Results. `resolver` is `address:port`. */
export async function startOpenDkim(stage: Stage, port: number, resolver: string): Promise<void> {
  const folder = await folderOf(stage, "opendkim");
  const [address, at] = resolver.split(":");
  await Deno.writeTextFile(
    join(folder, "unbound.conf"),
    `server:
  do-not-query-localhost: no
  local-zone: "test." nodefault
forward-zone:
  name: "."
  forward-addr: ${address}@${at}
`,
  );
  await Deno.writeTextFile(
    join(folder, "opendkim.conf"),
    `Mode v
Socket inet:${port}@127.0.0.1
AuthservID ${FILTERS_NAME}
AlwaysAddARHeader yes
ResolverConfiguration ${join(folder, "unbound.conf")}
PidFile ${join(folder, "pid")}
UserID root
Syslog no
`,
  );
  await run(stage, "opendkim", ["-f", "-x", join(folder, "opendkim.conf")], port);
}

/** Judges by DMARC, of what OpenDKIM found and of SPF by its own means; it asks the machine's resolver at port 53. */
export async function startOpenDmarc(stage: Stage, port: number, resolver: string): Promise<void> {
  const folder = await folderOf(stage, "opendmarc");
  await Deno.writeTextFile(join(folder, "resolv.conf"), `nameserver ${resolver}\n`);
  await Deno.writeTextFile(join(folder, "ignored"), "192.0.2.1\n"); // loopback, where nothing is said
  await Deno.writeTextFile(
    join(folder, "opendmarc.conf"),
    `Socket inet:${port}@127.0.0.1
AuthservID ${FILTERS_NAME}
TrustedAuthservIDs ${FILTERS_NAME}
SPFIgnoreResults yes
SPFSelfValidate yes
RejectFailures yes
IgnoreHosts ${join(folder, "ignored")}
BaseDirectory ${folder}
PidFile ${join(folder, "pid")}
Background no
Syslog no
`,
  );
  const start = 'mount --bind "$1" /etc/resolv.conf && exec opendmarc -f -u root -c "$2"';
  const files = [join(folder, "resolv.conf"), join(folder, "opendmarc.conf")];
  await run(stage, "unshare", ["-m", "sh", "-c", start, "sh", ...files], port);
}

/** The rules of the distribution, as far as they need no network, in one process that speaks the milter protocol. */
export async function startRspamd(stage: Stage, port: number, resolver: string): Promise<void> {
  const folder = await folderOf(stage, "rspamd");
  for (const name of ["local.d", "override.d", "db"]) await Deno.mkdir(join(folder, name));
  const off = ["rbl", "fuzzy_check", "phishing", "asn", "mx_check", "dkim_signing", "greylist", "ratelimit", "arc"];
  for (const name of off) await Deno.writeTextFile(join(folder, "local.d", `${name}.conf`), "enabled = false;\n");
  await Deno.writeTextFile(
    join(folder, "local.d/milter_headers.conf"),
    'use = ["x-spamd-bar"];\nskip_local = false;\n',
  );
  await Deno.writeTextFile(join(folder, "suffixes"), "test\nexample\n");
  await Deno.writeTextFile(
    join(folder, "rspamd.conf"),
    `.include "$CONFDIR/common.conf"
options {
  pidfile = "${folder}/rspamd.pid";
  filters = "chartable,dkim,regexp";
  gtube_patterns = "all";
  dns { nameserver = ["${resolver}"]; timeout = 1s; retransmits = 1; }
  local_addrs = [];
  url_tld = "${join(folder, "suffixes")}"; # all of them take half a minute
  disable_hyperscan = true;
}
logging { type = "file"; filename = "${folder}/rspamd.log"; level = "info"; }
worker "rspamd_proxy" {
  bind_socket = "127.0.0.1:${port}";
  milter = yes;
  timeout = 120s;
  upstream "local" { default = yes; self_scan = yes; }
}
`,
  );
  const vars = { LOCAL_CONFDIR: folder, DBDIR: join(folder, "db"), RUNDIR: folder, LOGDIR: folder };
  const args = Object.entries(vars).flatMap(([name, value]) => ["--var", `${name}=${value}`]);
  await run(
    stage,
    "rspamd",
    ["-f", "-i", "-u", "root", "-g", "root", "-c", join(folder, "rspamd.conf"), ...args],
    port,
  );
}

async function folderOf(stage: Stage, name: string): Promise<string> {
  const folder = join(stage.folder, name);
  await Deno.mkdir(folder);
  return folder;
}

/** Resolves when the port answers. */
async function run(stage: Stage, program: string, args: string[], port: number): Promise<void> {
  const child = new Deno.Command(program, { args, stdout: "null", stderr: "piped", stdin: "null" }).spawn();
  const said = new Response(child.stderr).text();
  let ended: number | null = null;
  const status = child.status.then(({ code }) => ended = code);
  stage.defer(async () => {
    try {
      child.kill("SIGTERM");
    } catch { /* it has ended already */ }
    const timer = setTimeout(() => child.kill("SIGKILL"), 3_000);
    await status.finally(() => clearTimeout(timer));
  });
  await eventually(`${program} listens`, async () => {
    if (ended !== null) throw new Error(`${program} ended with ${ended}: ${await said}`);
    return await Deno.connect({ hostname: "127.0.0.1", port }).then((one) => (one.close(), true), () => false);
  }, 40);
}
