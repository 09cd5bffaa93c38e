// deno-lint-ignore-file no-console
/**
 * How fast a full queue drains: 10,000 messages of 4 KB to one and to 100 destinations, into a sink whose replies take 0,
 * 20 and 200 ms; Palomar and Postfix in turns, in one run. The clock runs from the first connection to the last message.
 */
import { native } from "./native.ts";
import { generate } from "./native.ts";
import { startPalomar } from "./peers/palomar.ts";
import { isOnPath, stopChild, waitForPort } from "./peers/peer.ts";

const MESSAGES = Number(Deno.env.get("BENCH_MESSAGES") ?? 10_000);
const PORT = 21_300;
const SINK = 21_390;
const SIZE = 4096;

/** A server whose queue can be filled while nothing goes out, and let go. */
interface Sender {
  readonly name: string;
  readonly smtpPort: number;
  /** The recipients' domain in `smtpgen`'s pattern. */
  release(): Promise<void>;
  stop(): Promise<void>;
}

type Start = (folder: string, destinations: number) => Promise<Sender>;

export async function drain(): Promise<void> {
  const sides: [string, Start][] = [["palomar", palomar]];
  if (isOnPath("postfix") && Deno.uid() === 0) sides.push(["postfix", postfix]);
  else console.log("  postfix: left out, needs Debian's postfix and root");
  const delays = (Deno.env.get("BENCH_DELAYS") ?? "0,20,200").split(",").map(Number);
  for (const destinations of (Deno.env.get("BENCH_DESTINATIONS") ?? "1,100").split(",").map(Number)) {
    for (const delay of delays) {
      const rates = new Map<string, number>();
      for (const [name, start] of sides) {
        const rate = await measure(start, destinations, delay);
        rates.set(name, rate);
        console.log(`  ${destinations} destination(s), ${delay} ms: ${name} ${rate.toFixed(0)} messages/s`);
      }
      const ratio = rates.get("palomar")! / (rates.get("postfix") ?? NaN);
      console.log(`${destinations} destination(s), ${delay} ms: palomar / postfix = ${ratio.toFixed(2)}`);
    }
  }
}

async function measure(start: Start, destinations: number, delay: number): Promise<number> {
  const folder = await Deno.makeTempDir({ prefix: "palomar-bench-", dir: Deno.env.get("BENCH_DIR") ?? "/var/tmp" });
  await Deno.chmod(folder, 0o755);
  const sender = await start(folder, destinations);
  try {
    const load = await generate(sender.smtpPort, {
      connections: 10,
      messages: MESSAGES,
      size: SIZE,
      domain: "bench.test",
      accounts: destinations,
      seconds: 300,
    });
    if (load.accepted !== MESSAGES) throw new Error(`only ${load.accepted} were taken: ${load.first_error ?? ""}`);
    const sink = new Deno.Command(native("sink"), {
      args: ["--port", `${SINK}`, "--msgs", `${MESSAGES}`, "--limit", "600", "--delay", `${delay}`],
      stdout: "piped",
    }).spawn();
    await waitForPort(SINK);
    await sender.release();
    const { stdout } = await sink.output();
    const said = new TextDecoder().decode(stdout).split("\n")[1]!;
    const { messages, drained_s } = JSON.parse(said) as { messages: number; drained_s: number };
    if (messages < MESSAGES) throw new Error(`${sender.name}: only ${messages} came`);
    return messages / drained_s;
  } finally {
    await sender.stop();
    await Deno.remove(folder, { recursive: true });
  }
}

/** `u1@bench.test` … lead to `x@d1.test` …, each on an address of its own. */
const palomar: Start = async (folder, destinations) => {
  const held = await startPalomar(folder, PORT, {
    aliases: Array.from({ length: destinations }, (_, i) => [`u${i + 1}@bench.test`, `x@d${i + 1}.test`]),
    config: outbound(destinations, true),
  });
  let server = held;
  return {
    name: "palomar",
    smtpPort: held.smtpPort,
    async release() {
      await server.stop();
      server = await startPalomar(folder, PORT, { config: outbound(destinations, false) });
    },
    stop: () => server.stop(),
  };
};

function outbound(destinations: number, hold: boolean): Record<string, unknown> {
  const routes: Record<string, unknown> = {};
  for (let i = 1; i <= destinations; i++) routes[`d${i}.test`] = { host: `127.0.1.${i}`, port: SINK, tls: "none" };
  return { outbound: { routes, hold } };
}

const postfix: Start = async (folder, destinations) => {
  const etc = `${folder}/postfix/etc`;
  for (const name of ["etc", "queue", "lib"]) await Deno.mkdir(`${folder}/postfix/${name}`, { recursive: true });
  await new Deno.Command("chown", { args: ["postfix", `${folder}/postfix/lib`] }).output();
  const main = (hold: boolean): string => {
    const aliases: string[] = [];
    const transports: string[] = [];
    for (let i = 1; i <= destinations; i++) {
      aliases.push(`{ u${i}@bench.test = x@d${i}.test }`);
      transports.push(`{ d${i}.test = smtp:[127.0.1.${i}]:${SINK} }`);
    }
    return `compatibility_level = 3.6
queue_directory = ${folder}/postfix/queue
data_directory = ${folder}/postfix/lib
daemon_directory = /usr/lib/postfix/sbin
command_directory = /usr/sbin
meta_directory = /etc/postfix
mail_owner = postfix
setgid_group = postdrop
maillog_file = ${folder}/postfix/log
maillog_file_prefixes = ${folder}
myhostname = mx.bench.test
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
alias_maps =
virtual_alias_domains = bench.test
virtual_alias_maps = inline:{ ${aliases.join(", ")} }
transport_maps = inline:{ ${transports.join(", ")} }
smtpd_client_connection_count_limit = 0
qmgr_message_active_limit = 40000
${hold ? "defer_transports = smtp" : ""}
`;
  };
  await Deno.writeTextFile(`${etc}/main.cf`, main(true));
  const dist = await Deno.readTextFile("/usr/share/postfix/master.cf.dist");
  const services = dist.split("\n").filter((line) => !/^smtp +inet/.test(line)).map((line) => {
    const words = line.split(/\s+/);
    if (!/^[a-z]/.test(line) || words.length < 8) return line;
    words[4] = "n"; // nothing chrooted
    return words.join(" ");
  });
  services.push(`127.0.0.1:${PORT} inet n - n - - smtpd`);
  if (!services.some((line) => line.startsWith("postlog"))) services.push("postlog unix-dgram n - n - 1 postlogd");
  await Deno.writeTextFile(`${etc}/master.cf`, services.join("\n") + "\n");
  const child = new Deno.Command("postfix", { args: ["-c", etc, "start-fg"], stdout: "null", stderr: "null" }).spawn();
  await waitForPort(PORT);
  const run = (program: string, ...args: string[]) =>
    new Deno.Command(program, { args, stdout: "null", stderr: "null" }).output();
  return {
    name: "postfix",
    smtpPort: PORT,
    async release() {
      await Deno.writeTextFile(`${etc}/main.cf`, main(false));
      await run("postfix", "-c", etc, "reload");
      await run("postqueue", "-c", etc, "-f");
    },
    async stop() {
      await run("postfix", "-c", etc, "abort");
      await stopChild(child);
    },
  };
};
