/** JMAP by `deno serve`, with the permission for the network alone, beside a server of SMTP on the same PostgreSQL. */
import { join } from "node:path";
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { reader } from "../../http/jmap/event_reader.ts";
import { openImap } from "../mailbox.ts";
import { eventually, type Scenario, type Stage } from "../scenario.ts";
import { openSmtp, sendOver } from "../smtp_client.ts";
import { freePorts } from "../palomar.ts";
import { NEEDS, startDatabase } from "./postgres.ts";

const ROOT = new URL("../../../", import.meta.url);
const USING = ["core", "mail", "submission"].map((name) => `urn:ietf:params:jmap:${name}`);

interface Edge {
  readonly base: string;
  /** Permissions that something asked for, as Deno noted them, but those for the network. */
  asked(): Promise<readonly string[]>;
}

/** `deno serve` on a file of its own port. */
async function serve(stage: Stage, main: string, args: readonly string[], env: Record<string, string>): Promise<Edge> {
  const port = freePorts().http;
  const audit = join(stage.folder, `audit-${port}`);
  const child = new Deno.Command(Deno.execPath(), {
    args: ["serve", "--no-prompt", "--frozen", "--no-check", ...args, "--host=127.0.0.1", `--port=${port}`, main],
    cwd: ROOT.pathname,
    env: { DENO_AUDIT_PERMISSIONS: audit, ...env },
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  stage.defer(async () => {
    child.kill("SIGTERM");
    // Whoever has connections open is waited for, by Deno.
    const timer = setTimeout(() => child.kill("SIGKILL"), 2_000);
    await child.status;
    clearTimeout(timer);
  });
  const base = `http://127.0.0.1:${port}`;
  await eventually("an answer of the edge", async () => {
    const response = await fetch(`${base}/health`).catch(() => null);
    await response?.body?.cancel();
    return response?.status === 200;
  });
  return {
    base,
    async asked() {
      const lines = (await Deno.readTextFile(audit)).trim().split("\n").map((line) => JSON.parse(line));
      return lines.filter(({ permission }) => permission !== "net").map(({ permission, value }) =>
        `${permission} ${value}`
      );
    },
  };
}

async function jmap(base: string, authorization: string, methodCalls: unknown[]) {
  const headers = { authorization, "content-type": "application/json" };
  const body = JSON.stringify({ using: USING, methodCalls });
  const response = await fetch(`${base}/jmap/api`, { method: "POST", headers, body });
  strictEqual(response.status, 200);
  // deno-lint-ignore no-explicit-any
  return (await response.json()).methodResponses.map(([, args]: [string, any]) => args);
}

/** Core/echo on a connection of RFC 8887. */
async function echo(base: string, authorization: string): Promise<unknown> {
  const url = `${base.replace("http", "ws")}/jmap/ws`;
  const socket = new WebSocket(url, { protocols: ["jmap"], headers: { authorization } } as never);
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  socket.onerror = (event) => reject(new Error((event as ErrorEvent).message));
  socket.onmessage = ({ data }) => resolve(data);
  const methodCalls = [["Core/echo", { said: "over a WebSocket" }, "c"]];
  socket.onopen = () => socket.send(JSON.stringify({ "@type": "Request", using: USING, methodCalls }));
  const { methodResponses } = JSON.parse(await promise);
  socket.close();
  return methodResponses[0][1].said;
}

export const edge: readonly Scenario[] = [
  {
    name: "edge: deno serve with --allow-net alone pushes what came in elsewhere, and what it submits leaves there",
    needs: NEEDS,
    seconds: 120,
    async run(stage) {
      const { url, caFile, port } = await startDatabase(stage);
      const away = await stage.startPalomar("away.test");
      const bob = await away.account("bob");
      const outbound = { relay: { host: "127.0.0.1", port: away.ports.smtp, tls: "none" } };
      const vps = await stage.startPalomar("edge.test", {
        config: { storage: { driver: "postgres", url: url() }, outbound },
      });
      const alice = await vps.account("alice");

      // No file system: the authority of the database stands in the URL.
      const pem = encodeURIComponent(await Deno.readTextFile(caFile));
      const address = url(`sslmode=verify-full&sslrootcert=${pem}`);
      const main = join(stage.folder, "main.ts");
      const config = {
        hostname: "mail.edge.test",
        listeners: [],
        storage: { driver: "postgres", url: address, migrate: false },
        http: { origin: "https://jmap.edge.test" },
      };
      await Deno.writeTextFile(
        main,
        `import { createServer, parseConfig } from ${JSON.stringify(new URL("mod.ts", ROOT).href)};
const server = createServer(parseConfig(${JSON.stringify(config)}, "/"));
export default { fetch: (request, info) => server.fetch(request, info) };\n`,
      );
      const only = [`--config=${join(ROOT.pathname, "deno.json")}`, `--allow-net=localhost:${port}`];
      const one = await serve(stage, main, only, {});

      const authorization = "Basic " + btoa(`${alice.address}:${alice.password}`);
      const session = await (await fetch(`${one.base}/jmap/session`, { headers: { authorization } })).json();
      match(session.apiUrl, /^https:\/\/jmap\.edge\.test\//);
      const accountId = session.primaryAccounts["urn:ietf:params:jmap:mail"];
      const events = reader(await fetch(`${one.base}/jmap/events?types=Email`, { headers: { authorization } }));
      const smtp = await openSmtp(vps.ports.smtp);
      const began = performance.now();
      await sendOver(smtp, "x@outside.test", alice.address, "Subject: pushed\r\n\r\nhello");
      match((await events.next())!, /^event: state/);
      const took = performance.now() - began;
      smtp.close();
      await events.cancel();
      const [{ ids }, { list }] = await jmap(one.base, authorization, [
        ["Email/query", { accountId }, "q"],
        ["Email/get", { accountId, "#ids": { resultOf: "q", name: "Email/query", path: "/ids" } }, "g"],
      ]);
      deepStrictEqual([ids.length, list[0].subject, list[0].preview], [1, "pushed", "hello"]);

      strictEqual(await echo(one.base, authorization), "over a WebSocket");

      const [{ list: [{ id: identityId }] }, { ids: [drafts] }] = await jmap(one.base, authorization, [
        ["Identity/get", { accountId }, "i"],
        ["Mailbox/query", { accountId, filter: { role: "drafts" } }, "m"],
      ]);
      const email = {
        mailboxIds: { [drafts]: true },
        from: [{ email: alice.address }],
        to: [{ email: bob.address }],
        subject: "from the edge",
        bodyStructure: { partId: "1", type: "text/plain" },
        bodyValues: { 1: { value: "a large body ".repeat(20_000) } },
      };
      const [, sent] = await jmap(one.base, authorization, [
        ["Email/set", { accountId, create: { e: email } }, "e"],
        ["EmailSubmission/set", { accountId, create: { s: { emailId: "#e", identityId } } }, "s"],
      ]);
      ok(sent.created?.s, JSON.stringify(sent));
      await eventually("the message of the edge", async () => {
        const imap = await openImap(away, bob);
        const { exists } = await imap.mailboxOpen("INBOX");
        await imap.logout();
        return exists === 1;
      });
      deepStrictEqual(await one.asked(), []);

      // The example of deploy/, told by its environment.
      const two = await serve(stage, "deploy/edge/main.ts", ["--allow-net", "--allow-env"], {
        PALOMAR_HOSTNAME: "mail.edge.test",
        PALOMAR_STORAGE__URL: address,
      });
      const [{ ids: again }] = await jmap(two.base, authorization, [["Email/query", { accountId }, "q"]]);
      ok(again.length >= 1);
      deepStrictEqual((await two.asked()).filter((one) => !one.startsWith("env ")), []);
      return `the push came ${took.toFixed(0)} ms after the message began`;
    },
  },
];
