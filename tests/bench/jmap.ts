// deno-lint-ignore-file no-console
/**
 * What calls of JMAP cost, in one process without a network: CPU of each call, medians; uploads and downloads over
 * loopback. `listeners.ts` has those who wait for news.
 */
import { cpuUsage, memoryUsage } from "node:process";
import { createServer, formatProblem, parseConfig } from "../../mod.ts";
import { openSqlite } from "../../src/storage/sqlite/mod.ts";
import { imapText } from "../../src/imap/imap_text.ts";
import { median, printTable } from "./beside.ts";
import { fillMailbox, makeAccounts } from "./fill_store.ts";
import { DOMAIN, isOnPath, PASSWORD } from "./peers/peer.ts";

const ROUNDS = Number(Deno.env.get("BENCH_ROUNDS") ?? 30);
const MAILBOXES = 500;
const OCTETS = 50_000_000;
const USING = ["urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail"];

/** Nothing listens: requests go straight in. */
const NOBODY = [{ protocol: "http", address: "127.0.0.1", port: 8080, tls: "none" }];

type Fetch = (request: Request) => Promise<Response>;
type Call = readonly [name: string, args: Record<string, unknown>, id: string];

/** CPU of the process and time of the clock, milliseconds. */
async function measured(run: () => Promise<unknown>): Promise<{ readonly cpu: number; readonly ms: number }> {
  const before = cpuUsage();
  const began = performance.now();
  await run();
  const { user, system } = cpuUsage(before);
  return { cpu: (user + system) / 1000, ms: performance.now() - began };
}

async function medianOf(
  run: (round: number) => Promise<unknown>,
): Promise<{ readonly cpu: number; readonly ms: number }> {
  for (let i = 0; i < 5; i++) await run(-1 - i);
  const all = [];
  for (let round = 0; round < ROUNDS; round++) all.push(await measured(() => run(round)));
  // The kernel counts CPU in steps of up to 4 ms for one call: of all rounds together it is right.
  return { cpu: all.reduce((sum, { cpu }) => sum + cpu, 0) / ROUNDS, ms: median(all.map(({ ms }) => ms)) };
}

class Person {
  readonly #fetch: Fetch;
  readonly #headers: HeadersInit;
  accountId = "";

  constructor(fetch: Fetch, user: string, password: string) {
    this.#fetch = fetch;
    this.#headers = { authorization: "Basic " + btoa(`${user}:${password}`), "content-type": "application/json" };
  }

  async get(path: string): Promise<Response> {
    return await this.#fetch(new Request(`http://bench.example${path}`, { headers: this.#headers }));
  }

  async post(path: string, body: BodyInit): Promise<Response> {
    return await this.#fetch(
      new Request(`http://bench.example${path}`, { method: "POST", headers: this.#headers, body }),
    );
  }

  /** Over the network, by another process. */
  async curl(url: string, answer: string, more: readonly string[] = []): Promise<void> {
    const { authorization } = this.#headers as Record<string, string>;
    const args = ["-sSf", "--output", answer, "--header", `authorization: ${authorization}`, ...more, url];
    const { success, stderr } = await new Deno.Command("curl", { args, stdout: "null", stderr: "piped" }).output();
    if (!success) throw new Error(new TextDecoder().decode(stderr));
  }

  async logIn(): Promise<void> {
    this.accountId = Object.keys((await (await this.get("/jmap/session")).json()).accounts)[0]!;
  }

  // deno-lint-ignore no-explicit-any
  async calls(...methodCalls: readonly Call[]): Promise<any[]> {
    const calls = methodCalls.map(([name, args, id]) => [name, { accountId: this.accountId, ...args }, id]);
    const response = await this.post("/jmap/api", JSON.stringify({ using: USING, methodCalls: calls }));
    const { methodResponses } = await response.json();
    for (const [name, args] of methodResponses) if (name === "error") throw new Error(JSON.stringify(args));
    return methodResponses.map(([, args]: [string, unknown]) => args);
  }
}

export async function jmap(): Promise<void> {
  const large = Number(Deno.env.get("BENCH_MESSAGES") ?? 100_000);
  const folder = await Deno.makeTempDir({ prefix: "palomar-bench-", dir: Deno.env.get("BENCH_DIR") ?? "/var/tmp" });
  try {
    const dataDir = `${folder}/data`;
    await makeAccounts(dataDir, 1, 1);
    fillMailbox(dataDir, 1, large);
    const storage = await openSqlite({ dataDir, prepare: imapText });
    const config = parseConfig({ hostname: DOMAIN, dataDir, listeners: NOBODY, log: { level: "error" } }, folder);
    if (!("hostname" in config)) throw new Error(config.map(formatProblem).join("\n"));
    const server = createServer({ ...config, listeners: [] }, { storage });
    try {
      await measure((request) => server.fetch(request), `u1@${DOMAIN}`, PASSWORD, large);
    } finally {
      await server.stop();
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function measure(fetch: Fetch, user: string, password: string, large: number): Promise<void> {
  const person = new Person(fetch, user, password);
  await person.logIn();
  const lines: string[][] = [];
  const line = (name: string, { cpu, ms }: { cpu: number; ms: number }, aim: string) =>
    lines.push([name, cpu.toFixed(2), ms.toFixed(2), aim]);
  line(
    "first Email/query of the account",
    await measured(() => person.calls(["Email/query", { limit: 50 }, "q"])),
    "–",
  );
  const create = Object.fromEntries(Array.from({ length: MAILBOXES }, (_, i) => [`m${i}`, { name: `box ${i}` }]));
  await person.calls(["Mailbox/set", { create }, "m"]);
  line(`Mailbox/get of ${MAILBOXES}`, await medianOf(() => person.calls(["Mailbox/get", {}, "m"])), "–");
  const properties = [
    "threadId",
    "mailboxIds",
    "keywords",
    "from",
    "subject",
    "receivedAt",
    "preview",
    "hasAttachment",
  ];
  const list = (round: number) =>
    person.calls(
      ["Email/query", { limit: 50, position: (round + 9) * 50, collapseThreads: true }, "q"],
      ["Email/get", { "#ids": { resultOf: "q", name: "Email/query", path: "/ids" }, properties }, "g"],
    );
  line(`Email/query + Email/get of 50 with previews, of ${large.toLocaleString("en")}`, await medianOf(list), "CPU 15");
  const [{ list: boxes }] = await person.calls(["Mailbox/get", { properties: ["role"] }, "m"]);
  const inbox = boxes.find(({ role }: { role: string }) => role === "inbox").id;
  const flagged = { inMailbox: inbox, hasKeyword: "$flagged" };
  line(
    "Email/query by mailbox and keyword, with the total",
    await medianOf(() => person.calls(["Email/query", { filter: flagged, calculateTotal: true, limit: 50 }, "q"])),
    "–",
  );
  const [{ ids, queryState }] = await person.calls(["Email/query", { limit: 100 }, "q"]);
  const [{ newState }] = await person.calls(["Email/set", { update: {} }, "s"]);
  for (const id of ids) await person.calls(["Email/set", { update: { [id]: { "keywords/$flagged": true } } }, "s"]);
  line(
    "Email/changes after 100 changes",
    await medianOf(() => person.calls(["Email/changes", { sinceState: newState }, "c"])),
    "CPU 3",
  );
  line(
    "Email/queryChanges after 100 changes",
    await medianOf(() => person.calls(["Email/queryChanges", { sinceQueryState: queryState, maxChanges: 1000 }, "c"])),
    "–",
  );
  printTable(["call", "CPU, ms", "time, ms", "aim"], lines);
  await carry(person, fetch);
}

/**
 * Octets over loopback, by Deno's own server; in turns with the least that an upload can be: a handler that writes what
 * comes into a file and syncs it. The client is curl, so CPU is the server's alone.
 */
async function carry(person: Person, fetch: Fetch): Promise<void> {
  if (!isOnPath("curl")) return console.log("  up- and downloads: left out, curl is not installed");
  const folder = await Deno.makeTempDir({ dir: Deno.env.get("BENCH_DIR") ?? "/var/tmp" });
  const [body, kept, answer] = [`${folder}/body`, `${folder}/kept`, `${folder}/answer`];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => fetch(request));
  const least = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => keep(kept, request));
  const base = `http://127.0.0.1:${server.addr.port}/jmap`;
  const octets = new Uint8Array(OCTETS);
  const [up, down, bound]: { cpu: number; ms: number }[][] = [[], [], []];
  let before = 0;
  for (let round = 0; round < 7; round++) {
    for (let at = 0; at < OCTETS; at += 65_536) crypto.getRandomValues(octets.subarray(at, at + 65_536));
    await Deno.writeFile(body, octets);
    const send = ["--request", "POST", "--upload-file", body, "--header", "expect:"];
    const sent = await measured(() => person.curl(`${base}/upload/${person.accountId}`, answer, send));
    const { blobId, size } = JSON.parse(await Deno.readTextFile(answer));
    const least1 = await measured(() => person.curl(`http://127.0.0.1:${least.addr.port}/`, "/dev/null", send));
    const got = await measured(() => person.curl(`${base}/download/${person.accountId}/${blobId}/x`, "/dev/null"));
    if (size !== OCTETS) throw new Error(`${size} octets`);
    if (round === 1) before = memoryUsage().rss;
    if (round < 2) continue; // the first ones compile
    up!.push(sent);
    bound!.push(least1);
    down!.push(got);
  }
  const grown = (memoryUsage().rss - before) / 1e6;
  await Promise.all([server.shutdown(), least.shutdown()]);
  await Deno.remove(folder, { recursive: true });
  const rate = (all: readonly { cpu: number; ms: number }[], of: "cpu" | "ms") =>
    (OCTETS / 1e3 / median(all.map((one) => one[of]))).toFixed(0);
  for (const [name, all] of [["upload", up!], ["… bound", bound!], ["download", down!]] as const) {
    console.log(`  ${name}: ${rate(all, "ms")} MB/s, ${rate(all, "cpu")} MB a second of the server's CPU`);
  }
  console.log(`  memory +${grown.toFixed(0)} MB over the last five rounds`);
}

async function keep(file: string, request: Request): Promise<Response> {
  const out = await Deno.open(file, { write: true, create: true, truncate: true });
  const reader = request.body!.getReader({ mode: "byob" });
  for (let buffer = new Uint8Array(256 * 1024);;) {
    const { done, value } = await reader.read(buffer);
    if (done) break;
    for (let at = 0; at < value.length;) at += out.writeSync(value.subarray(at));
    buffer = new Uint8Array(value.buffer as ArrayBuffer);
  }
  await out.syncData();
  out.close();
  return new Response();
}
