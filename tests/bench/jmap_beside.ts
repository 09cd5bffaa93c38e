// deno-lint-ignore-file no-console
/**
 * JMAP beside Cyrus: the same calls by the same client over HTTP, one server after the other, on an account with the same
 * messages. CPU is that of the server's processes. Where Cyrus is not installed Palomar runs alone.
 */
import { concatBytes, utf8Bytes } from "../../src/base/bytes.ts";
import { median, printTable } from "./beside.ts";
import { BenchClient } from "./imap/client.ts";
import { benchMessage } from "./imap/messages.ts";
import { cyrusMissing, type CyrusPeer, startCyrus } from "./peers/cyrus.ts";
import { startPalomar } from "./peers/palomar.ts";
import { cpuSeconds, DOMAIN, PASSWORD } from "./peers/peer.ts";

const ROUNDS = Number(Deno.env.get("BENCH_ROUNDS") ?? 40);
const MESSAGES = Number(Deno.env.get("BENCH_MESSAGES") ?? 100_000);
const MAILBOXES = 500;
const OCTETS = 50_000_000;
const USING = ["urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail"];
const WRITERS = 4;
const BATCH = 50;
const LIST = ["threadId", "mailboxIds", "keywords", "from", "subject", "receivedAt", "preview", "hasAttachment"];

type Call = readonly [name: string, args: Record<string, unknown>, id: string];
type Server = Pick<CyrusPeer, "name" | "imapPort" | "lmtpPort" | "httpPort" | "pid" | "stop">;
type Cost = { readonly cpu: number; readonly ms: number };

/** One server and its user. */
class User {
  readonly server: Server;
  readonly #base: string;
  readonly #headers = {
    authorization: "Basic " + btoa(`u1@${DOMAIN}:${PASSWORD}`),
    "content-type": "application/json",
  };
  // deno-lint-ignore no-explicit-any
  session: any = null;
  accountId = "";

  constructor(server: Server) {
    this.server = server;
    this.#base = `http://127.0.0.1:${server.httpPort}`;
  }

  async logIn(): Promise<void> {
    const response = await this.fetch("/.well-known/jmap");
    this.session = await response.json();
    this.accountId = Object.keys(this.session.accounts)[0]!;
  }

  fetch(url: string, body?: BodyInit): Promise<Response> {
    const where = new URL(url, this.#base);
    // What the server says of its own name need not lead to it from here.
    const path = `${this.#base}${where.pathname}${where.search}`;
    // Cyrus answers some things never.
    const signal = AbortSignal.timeout(url.includes("upload") || url.includes("download") ? 30_000 : 3_600_000);
    return fetch(path, { headers: this.#headers, signal, ...(body && { method: "POST", body }) });
  }

  /** Of one of the session's URLs. */
  url(name: string, values: Record<string, string>): string {
    return this.session[name].replace(/\{(\w+)\}/g, (_: string, key: string) => encodeURIComponent(values[key] ?? ""));
  }

  // deno-lint-ignore no-explicit-any
  async calls(...methodCalls: readonly Call[]): Promise<any[]> {
    const calls = methodCalls.map(([name, args, id]) => [name, { accountId: this.accountId, ...args }, id]);
    const response = await this.fetch(this.session.apiUrl, JSON.stringify({ using: USING, methodCalls: calls }));
    const { methodResponses } = await response.json();
    for (const [name, args] of methodResponses) {
      if (name === "error") throw new Error(`${this.server.name}: ${JSON.stringify(args)}`);
    }
    return methodResponses.map(([, args]: [string, unknown]) => args);
  }

  async cost(run: (round: number) => Promise<unknown>, rounds = ROUNDS): Promise<Cost> {
    for (let i = 0; i < 5; i++) await run(-1 - i);
    const before = cpuSeconds(this.server.pid);
    const times: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const began = performance.now();
      await run(round);
      times.push(performance.now() - began);
    }
    return { cpu: (cpuSeconds(this.server.pid) - before) * 1000 / rounds, ms: median(times) };
  }
}

/** Several sessions append, many messages in a command (RFC 3502). */
async function fill({ imapPort }: Server): Promise<void> {
  let next = 0;
  await Promise.all(Array.from({ length: WRITERS }, async () => {
    const client = await BenchClient.connect(imapPort);
    while (next < MESSAGES) {
      const pieces = [utf8Bytes("APPEND INBOX")];
      for (let i = 0; i < BATCH && next < MESSAGES; i++) {
        const message = benchMessage(next++);
        pieces.push(utf8Bytes(` (\\Seen) {${message.length}+}\r\n`), message);
      }
      await client.ask(concatBytes(pieces));
    }
    client.close();
  }));
}

/** What works in the background after so much mail is over. */
async function settled({ pid }: Server): Promise<void> {
  for (let i = 0; i < 120; i++) {
    const before = cpuSeconds(pid);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    if (cpuSeconds(pid) - before < 0.05) return;
  }
}

async function measure(user: User): Promise<Map<string, Cost>> {
  const costs = new Map<string, Cost>();
  for (let at = 0; at < MAILBOXES; at += 100) {
    const create = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`m${i}`, { name: `box ${at + i}` }]));
    await user.calls(["Mailbox/set", { create }, "m"]);
  }
  costs.set(`Mailbox/get of ${MAILBOXES}`, await user.cost(() => user.calls(["Mailbox/get", {}, "m"])));
  const [{ list }] = await user.calls(["Mailbox/get", { properties: ["role"] }, "m"]);
  const inMailbox = list.find(({ role }: { role: string }) => role === "inbox").id;
  const sort = [{ property: "receivedAt", isAscending: false }];
  const page = (collapseThreads: boolean) => (round: number) =>
    user.calls(
      ["Email/query", { filter: { inMailbox }, sort, limit: 50, position: (round + 9) * 50, collapseThreads }, "q"],
      ["Email/get", { "#ids": { resultOf: "q", name: "Email/query", path: "/ids" }, properties: LIST }, "g"],
    );
  costs.set("a page of 50 with previews", await user.cost(page(false)));
  costs.set("… one of each thread", await user.cost(page(true)));
  const [{ ids }] = await user.calls(["Email/query", { filter: { inMailbox }, sort, limit: 100 }, "q"]);
  const [{ state }] = await user.calls(["Email/get", { ids: [] }, "s"]);
  const flag = (id: string) => user.calls(["Email/set", { update: { [id]: { "keywords/$flagged": true } } }, "s"]);
  costs.set("Email/set of one keyword", await user.cost((round) => flag(ids[(round + 100) % 100])));
  for (const id of ids) await flag(id);
  const changes = () => user.calls(["Email/changes", { sinceState: state }, "c"]);
  costs.set("Email/changes after 100 changes", await user.cost(changes));
  return costs;
}

/** Megabytes a second, and of CPU. */
async function carry(user: User): Promise<Map<string, Cost>> {
  const body = new Uint8Array(OCTETS);
  for (let at = 0; at < OCTETS; at += 65_536) crypto.getRandomValues(body.subarray(at, Math.min(OCTETS, at + 65_536)));
  const blobs: string[] = [];
  const accountId = user.accountId;
  const up = await user.cost(async (round) => {
    new DataView(body.buffer).setInt32(0, round); // another body each time
    const response = await user.fetch(user.url("uploadUrl", { accountId }), body);
    if (!response.ok) throw new Error(`upload: ${response.status} ${(await response.text()).slice(0, 100)}`);
    blobs.push((await response.json()).blobId);
  }, 5);
  const down = await user.cost(async (round) => {
    const values = { accountId, blobId: blobs.at(round % 5)!, name: "x", type: "application/octet-stream" };
    const response = await user.fetch(user.url("downloadUrl", values));
    let size = 0;
    for await (const chunk of response.body!) size += chunk.length;
    if (size !== OCTETS) throw new Error(`${size} octets`);
  }, 5);
  return new Map([["upload of 50 MB", up], ["download of 50 MB", down]]);
}

/** From the end of a delivery to the first octet of news. */
async function push(user: User): Promise<number | string> {
  const values = { types: "*", closeafter: "no", ping: "0" };
  const response = await user.fetch(user.url("eventSourceUrl", values));
  if (response.status !== 200 || response.body === null) return `never: its answer is ${response.status}`;
  const reader = response.body.getReader();
  const heard: number[] = [];
  let last = "";
  void (async () => {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      last = new TextDecoder().decode(value);
      if (last.includes("event: state") || last.includes("StateChange")) heard.push(performance.now());
    }
  })().catch(() => {});
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  const times: number[] = [];
  for (let round = 0; round < 5; round++) {
    heard.length = 0;
    const began = performance.now();
    await deliver(user.server.lmtpPort);
    for (let i = 0; i < 300 && heard.length === 0; i++) await new Promise((resolve) => setTimeout(resolve, 10));
    if (heard.length > 0) times.push(heard[0]! - began);
  }
  await reader.cancel().catch(() => {});
  return times.length === 0
    ? `nothing within 3 s${last && `; it said ${JSON.stringify(last.slice(0, 60))}`}`
    : median(times);
}

async function deliver(port: number): Promise<void> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const buffer = new Uint8Array(4096);
  const body = `Subject: news\r\nMessage-ID: <${crypto.randomUUID()}@x>\r\n\r\nnews\r\n.`;
  await connection.read(buffer);
  for (const line of ["LHLO a", "MAIL FROM:<a@b.example>", `RCPT TO:<u1@${DOMAIN}>`, "DATA", body]) {
    await connection.write(new TextEncoder().encode(line + "\r\n"));
    const count = await connection.read(buffer);
    const said = new TextDecoder().decode(buffer.subarray(0, count ?? 0));
    if (!/^[23]/.test(said)) throw new Error(`${line.slice(0, 40)}: ${said}`);
  }
  connection.close();
}

export async function jmapBeside(): Promise<void> {
  const missing = cyrusMissing();
  if (missing) console.log(`  cyrus: left out, ${missing}`);
  const results = new Map<string, Map<string, Cost>>();
  const wanted = Deno.env.get("BENCH_SIDES")?.split(",");
  for (const name of ["palomar", ...missing ? [] : ["cyrus"]].filter((one) => wanted?.includes(one) ?? true)) {
    const folder = await Deno.makeTempDir({ prefix: "palomar-bench-", dir: Deno.env.get("BENCH_DIR") ?? "/var/tmp" });
    const server = name === "cyrus" ? await startCyrus(folder, 24_300) : await startPalomar(folder, 24_200);
    try {
      const began = performance.now();
      await fill(server);
      const seconds = (performance.now() - began) / 1000;
      console.log(`  ${name}: ${MESSAGES} messages by APPEND in ${seconds.toFixed(0)} s`);
      await settled(server);
      const user = new User(server);
      await user.logIn();
      const costs = await measure(user);
      const carried = await carry(user).catch((error) => {
        console.log(`  ${name}: no up- and downloads: ${error.message}`);
        return new Map<string, Cost>();
      });
      results.set(name, new Map([...costs, ...carried]));
      const news = await push(user);
      console.log(`  ${name}: news of a delivery after ${typeof news === "number" ? `${news.toFixed(0)} ms` : news}`);
    } finally {
      await server.stop();
      await Deno.remove(folder, { recursive: true });
    }
  }
  const names = [...results.keys()];
  const rows = [...results.get(names[0]!)!.keys()].map((call) => [
    call,
    ...names.flatMap((name) => {
      const cost = results.get(name)!.get(call);
      return cost ? [cost.cpu.toFixed(1), cost.ms.toFixed(1)] : ["–", "–"];
    }),
  ]);
  printTable(["call", ...names.flatMap((name) => [`${name} CPU, ms`, "time, ms"])], rows);
}
