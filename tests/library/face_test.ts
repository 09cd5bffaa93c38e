/** The library as its users have it: everything here comes from `mod.ts`. */
import assert from "node:assert/strict";
import {
  createServer,
  demoConfig,
  drive,
  memoryLogger,
  memoryPair,
  memoryStorage,
  openSqlite,
  SMTP_LIMITS,
  smtpSession,
  testConnection,
  testServer,
  type World,
} from "../../mod.ts";

const ROOT = new URL("../../", import.meta.url);

/** What a machine remembers is its own business, and its type is a name to hand back. */
const OPAQUE = [
  "SmtpState",
  "ClientState",
  "ImapState",
  "Pop3State",
  "ManageSieveState",
  "Brand",
  "RawConfig",
  "SieveScript",
];

/** What `deno doc` finds missing in the library's face, a line a finding. */
async function findings(): Promise<{ readonly kind: string; readonly message: string; readonly source: string }[]> {
  const { stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["doc", "--lint", "mod.ts"],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
    stdout: "null",
    stderr: "piped",
  }).output();
  const text = new TextDecoder().decode(stderr);
  const found = [...text.matchAll(/^error\[([a-z-]+)\]: (.*)\n *--> (.*)\n *\| *\n *\d+ \| (.*)$/gm)]
    .map(([, kind = "", message = "", place = "", source = ""]) => ({ kind, message, source: `${place}: ${source}` }));
  assert.equal(found.length, text.split("\n").filter((line) => line.startsWith("error[")).length, "findings are read");
  assert.ok(found.length > 0, text); // the opaque states are always among them: no finding is no look
  return found;
}

Deno.test("every type that the library speaks of can be imported from it, and everything in it says what it is", async () => {
  const found = await findings();
  const missing = found.filter(({ kind, message }) =>
    kind === "private-type-ref" && !OPAQUE.some((name) => message.includes(`'${name}`))
  );
  assert.deepEqual(missing, []);
  const silent = found.filter(({ kind, source }) => kind === "missing-jsdoc" && /: export /.test(source));
  assert.deepEqual(silent.map(({ source }) => source), []);
});

Deno.test("an SMTP server with a world of one's own needs nothing of the rest", async () => {
  const bodies: string[] = [];
  const world: World = {
    open: () => {
      let body = "";
      return {
        // deno-lint-ignore no-explicit-any -- a world that answers a handful of questions
        perform(op): any {
          switch (op) {
            case "sender.verify":
            case "rcpt.verify":
              return { ok: true };
            case "body.seal":
              return { blobId: "b1", size: body.length };
            case "message.receive":
              bodies.push(body);
              return Promise.resolve({ accepted: "t.1", recipients: [null] });
            default:
              throw new Error(`nobody expects ${op}`);
          }
        },
        bodyChunk: (_sink, chunk) => void (body += new TextDecoder().decode(chunk)),
        bodyAbort: () => {},
        readBlob: () => Promise.reject(new Error("there is no blob")),
        log: () => {},
        close: () => {},
      };
    },
  };
  const { server, client } = memoryPair();
  const session = smtpSession({
    profile: "mx",
    hostname: "mx.example.org",
    limits: SMTP_LIMITS,
    startTls: false,
    requireTls: false,
    allowPlaintextAuth: false,
    mechanisms: [],
  });
  const { remoteAddress, remotePort, localAddress, localPort } = server;
  const info = {
    id: "s1" as never,
    protocol: "smtp",
    tls: null,
    remoteAddress,
    remotePort,
    localAddress,
    localPort,
  } as const;
  const done = drive(session, server, world, info);
  const smtp = testConnection(client);
  assert.match(await smtp.line(), /^220 mx\.example\.org /);
  await smtp.ask("HELO client", "250 ");
  await smtp.ask("MAIL FROM:<a@b.example>", "250 ");
  await smtp.ask("RCPT TO:<c@d.example>", "250 ");
  await smtp.ask("DATA", "354 ");
  await smtp.ask("hello\r\n.", "250 2.0.0 Ok: t.1\r\n");
  await smtp.ask("QUIT", "221 ");
  await smtp.end();
  await done;
  assert.deepEqual(bodies, ["hello\r\n"]);
});

Deno.test("createServer().fetch is all that an edge needs: no listener, no file", async () => {
  const config = { ...demoConfig("/nowhere/at/all"), listeners: [] };
  const server = createServer(config, { storage: memoryStorage(), logger: memoryLogger() });
  const edge = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => server.fetch(request));
  const { port } = edge.addr;
  const health = await (await fetch(`http://127.0.0.1:${port}/health`)).json();
  assert.equal(health.status, "ok");
  const accounts = await fetch(`http://127.0.0.1:${port}/api/v1/accounts`, {
    headers: { authorization: `Bearer ${server.adminToken.value}` },
  });
  assert.equal((await accounts.json()).accounts.length, 2);
  await edge.shutdown();
  await server.stop();
});

Deno.test("a server over a store that the caller opened finds what was there", async () => {
  const folder = await Deno.makeTempDir({ prefix: "palomar-test-" });
  try {
    for (let round = 1; round <= 3; round++) {
      const storage = await openSqlite({ dataDir: folder });
      const first = round === 1 ? {} : { accounts: [] };
      const server = await testServer({ storage, ...first });
      await server.deliver(`Subject: ${round}\n\nx`, "alice@example.test");
      const pop3 = server.connect("pop3");
      await pop3.ask("USER alice@example.test", /\+OK\r\n/);
      await pop3.ask("PASS alice", `+OK ${round} messages`);
      await server.stop();
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
