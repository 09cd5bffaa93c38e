/** Zones of one's own: Knot DNS signs and serves them, Unbound validates them, both on loopback ports. */
import { join } from "node:path";
import { eventually, type Stage } from "./scenario.ts";

/** A running pair of servers. */
export interface Zones {
  /** `127.0.0.1:port` of the resolver, which says AD of what is signed. */
  readonly resolver: string;
  /** Replaces the records of a zone: lines of a zone file, names relative to the zone. SOA and NS are given. */
  set(zone: string, records: readonly string[]): Promise<void>;
}

/** What the scenario needs to be installed. */
export const ZONES_NEED = ["knotd", "knotc", "keymgr", "unbound"] as const;

/** Serves signed zones until the scenario ends. `also`: more places for the resolver, as `127.0.0.53@53`. */
export async function startZones(
  stage: Stage,
  names: readonly string[],
  also: readonly string[] = [],
): Promise<Zones> {
  const folder = join(stage.folder, "dns");
  const at = (name: string) => join(folder, name);
  await Deno.mkdir(at("zones"), { recursive: true });
  await Deno.mkdir(at("db"));
  const [serverPort, resolverPort] = freeUdpPorts();
  let serial = 0;
  const write = (zone: string, records: readonly string[]) => {
    serial++;
    const fixed = [`@ SOA ns hostmaster ${serial} 60 60 600 5`, "@ NS ns", "ns A 127.0.0.1"];
    return Deno.writeTextFile(
      at(`zones/${zone}.zone`),
      [`$ORIGIN ${zone}.`, "$TTL 5", ...fixed, ...records, ""].join("\n"),
    );
  };
  for (const name of names) await write(name, []);
  await Deno.writeTextFile(at("knot.conf"), knotConf(folder, serverPort, names));
  start(stage, "knotd", ["-c", at("knot.conf")]);
  const control = (...args: string[]) => stage.run("knotc", ["-c", at("knot.conf"), ...args]);
  await eventually(
    "Knot serves",
    () => control("zone-status", names[0]!).then(({ stdout }) => stdout !== "", () => false),
  );
  let anchors = "";
  for (const name of names) anchors += (await stage.run("keymgr", ["-c", at("knot.conf"), name, "dnskey"])).stdout;
  await Deno.writeTextFile(at("anchors"), anchors);
  await Deno.writeTextFile(
    at("unbound.conf"),
    unboundConf(folder, [`127.0.0.1@${resolverPort}`, ...also], serverPort, names),
  );
  start(stage, "unbound", ["-d", "-c", at("unbound.conf")]);
  return {
    resolver: `127.0.0.1:${resolverPort}`,
    async set(zone, records) {
      await write(zone, records);
      await control("-b", "zone-reload", zone);
    },
  };
}

function start(stage: Stage, program: string, args: string[]): void {
  const child = new Deno.Command(program, { args, stdout: "null", stderr: "null", stdin: "null" }).spawn();
  stage.defer(async () => {
    child.kill("SIGKILL");
    await child.status;
  });
}

function freeUdpPorts(): [number, number] {
  const sockets = [0, 1].map(() => Deno.listen({ hostname: "127.0.0.1", port: 0 }));
  const [a, b] = sockets.map(({ addr }) => (addr as Deno.NetAddr).port);
  for (const socket of sockets) socket.close();
  return [a!, b!];
}

function knotConf(folder: string, port: number, names: readonly string[]): string {
  return `server:
  listen: 127.0.0.1@${port}
  rundir: ${folder}
  pidfile: ${folder}/knot.pid
log:
  - target: ${folder}/knot.log
    any: info
database:
  storage: ${folder}/db
policy:
  - id: sign
    algorithm: ECDSAP256SHA256
    single-type-signing: on
template:
  - id: default
    storage: ${folder}/zones
    file: "%s.zone"
    zonefile-sync: -1
    zonefile-load: difference-no-serial
    journal-content: all
    dnssec-signing: on
    dnssec-policy: sign
zone:
${names.map((name) => `  - domain: ${name}`).join("\n")}
`;
}

function unboundConf(folder: string, at: readonly string[], server: number, names: readonly string[]): string {
  const stubs = names.map((name) => `stub-zone:\n  name: "${name}"\n  stub-addr: 127.0.0.1@${server}`).join("\n");
  return `server:
${at.map((one) => `  interface: ${one}`).join("\n")}
  do-ip6: no
  chroot: ""
  username: ""
  directory: "${folder}"
  pidfile: "${folder}/unbound.pid"
  use-syslog: no
  logfile: "${folder}/unbound.log"
  do-not-query-localhost: no
  access-control: 127.0.0.0/8 allow
  module-config: "validator iterator"
  trust-anchor-file: "${folder}/anchors"
  local-zone: "test." nodefault
  local-zone: "127.in-addr.arpa." static
  cache-max-negative-ttl: 1
remote-control:
  control-enable: no
${stubs}
`;
}
