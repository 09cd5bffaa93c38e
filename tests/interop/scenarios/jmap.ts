import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import jmapClientTs from "jmap-client-ts";
import { JamClient } from "jmap-jam";
import { openImap } from "../mailbox.ts";
import { type Account, listenersAt, type Palomar } from "../palomar.ts";
import { freePorts } from "../palomar.ts";
import { eventually, type Scenario, type Stage } from "../scenario.ts";

const { Client } = jmapClientTs;
type Fetch = typeof globalThis.fetch;

/** A server with HTTPS, and a `fetch` that believes its authority. */
export async function overTls(stage: Stage): Promise<{ palomar: Palomar; base: string; fetch: Fetch }> {
  const ports = freePorts();
  const listeners = listenersAt(ports).map((one) => one.protocol === "http" ? { ...one, tls: "implicit" } : one);
  const palomar = await stage.startPalomar("jmap.test", { ports, config: { listeners } });
  const client = Deno.createHttpClient({ caCerts: [await Deno.readTextFile(palomar.caFile)] });
  stage.defer(() => client.close());
  const plain = globalThis.fetch;
  const fetch: Fetch = (input, init) => plain(input, { ...init, client } as unknown as RequestInit);
  return { palomar, base: `https://localhost:${ports.http}`, fetch };
}

/** What the library does not know by itself. */
const EXTENSIONS = {
  Blob: "urn:ietf:params:jmap:blob",
  MDN: "urn:ietf:params:jmap:mdn",
  Quota: "urn:ietf:params:jmap:quota",
  SieveScript: "urn:ietf:params:jmap:sieve",
};

/** Blobs, scripts, quotas and MDNs. `foreign` is a blob of somebody else's. */
async function extensions(jam: JamClient, accountId: string, foreign: string): Promise<void> {
  // deno-lint-ignore no-explicit-any
  const ask = async (call: string, args: object): Promise<any> =>
    (await jam.request([call as never, { accountId, ...args } as never]))[0];
  const { created } = await ask("Blob/upload", {
    create: {
      script: { data: [{ "data:asText": 'require "fileinto";\n' }, { "data:asBase64": "a2VlcDs=" }] },
      part: { data: [{ blobId: "#script", offset: 20 }] },
    },
  });
  const read = await ask("Blob/get", {
    ids: [created.part.id, foreign],
    properties: ["data", "size", "digest:sha-256"],
  });
  strictEqual(read.list[0]["data:asText"], "keep;");
  deepStrictEqual(read.notFound, [foreign]);
  const set = await ask("SieveScript/set", {
    create: { main: { name: "main", blobId: created.script.id } },
    onSuccessActivateScript: "#main",
  });
  strictEqual(set.created.main.isActive, true);
  const { list } = await ask("SieveScript/get", {});
  const down = await jam.downloadBlob({
    accountId,
    blobId: list[0].blobId,
    mimeType: "text/plain",
    fileName: "a.sieve",
  });
  strictEqual(await down.text(), 'require "fileinto";\nkeep;');
  const { error } = await ask("SieveScript/validate", { blobId: created.part.id });
  strictEqual(error, null);
  deepStrictEqual((await ask("Quota/query", { filter: { type: "Email" } })).ids, []);
  deepStrictEqual((await ask("MDN/parse", { blobIds: [created.part.id] })).notFound, null);
}

async function tokenOf(palomar: Palomar, { address }: Account): Promise<string> {
  const said = await palomar.cli(["token", "add", address, "jmap"]);
  return /palomar_[A-Za-z0-9_-]+/.exec(said)![0];
}

/** Client libraries of JMAP from npm, over TLS, with IMAP beside them. */
export const jmap: readonly Scenario[] = [
  {
    name:
      "jmap-jam: session, mailboxes, drafts with files, sending, threads, changes, search, vacation, news; IMAP sees the same",
    async run(stage) {
      const { palomar, base, fetch } = await overTls(stage);
      const [kim, lee] = [await palomar.account("kim"), await palomar.account("lee")];
      const plain = globalThis.fetch;
      globalThis.fetch = fetch; // the library knows no other
      stage.defer(() => globalThis.fetch = plain);
      const jam = new JamClient({
        bearerToken: await tokenOf(palomar, kim),
        sessionUrl: `${base}/.well-known/jmap`,
        customCapabilities: EXTENSIONS,
      });
      const accountId = await jam.getPrimaryAccount();
      strictEqual((await jam.session).username, kim.address);
      const [{ list }] = await jam.api.Mailbox.get({ accountId });
      const box = (role: string) => list.find((one) => one.role === role)!.id;
      const [made] = await jam.api.Mailbox.set({ accountId, create: { w: { name: "Work", parentId: null } } });
      const work = made.created!["w"]!.id!;
      const file = await jam.uploadBlob(accountId, new Uint8Array(300_000).fill(7));
      const news = await fetch(`${base}/jmap/events?types=*&closeafter=state&ping=0`, {
        headers: { authorization: jam.authHeader },
      });
      const [drafted] = await jam.api.Email.set({
        accountId,
        create: {
          d: {
            mailboxIds: { [box("drafts")]: true },
            keywords: { $draft: true, $seen: true },
            from: [{ name: "Kim", email: kim.address }],
            to: [{ name: "Lee", email: lee.address }],
            subject: "Grüße über JMAP",
            bodyStructure: {
              type: "multipart/mixed",
              subParts: [
                { partId: "t", type: "text/plain" },
                {
                  blobId: file.blobId,
                  type: "application/octet-stream",
                  disposition: "attachment",
                  name: "sieben.bin",
                },
              ],
            },
            bodyValues: { t: { value: "Hallo Lee\n" } },
          },
        } as never,
      });
      const draft = (drafted.created as Record<string, { id: string }>)["d"]!.id;
      ok((await news.text()).includes("StateChange"));
      const [identities] = await jam.api.Identity.get({ accountId });
      const [sent] = await jam.api.EmailSubmission.set({
        accountId,
        create: { s: { identityId: identities.list[0]!.id, emailId: draft } },
        onSuccessUpdateEmail: {
          "#s": { [`mailboxIds/${box("drafts")}`]: null, [`mailboxIds/${box("sent")}`]: true, "keywords/$draft": null },
        },
      } as never);
      ok((sent as { created?: unknown }).created, JSON.stringify(sent));
      // Lee reads it by IMAP, and answers by SMTP.
      const imap = await openImap(palomar, lee);
      await imap.mailboxOpen("INBOX");
      const got = await eventually("the message", async () => {
        await imap.noop();
        return await imap.fetchOne("*", { envelope: true, bodyStructure: true });
      });
      strictEqual(got && got.envelope?.subject, "Grüße über JMAP");
      await imap.logout();
      const asLee = new JamClient({ bearerToken: await tokenOf(palomar, lee), sessionUrl: `${base}/.well-known/jmap` });
      const leesId = await asLee.getPrimaryAccount();
      const [found] = await asLee.requestMany((b) => {
        const ids = b.Email.query({ accountId: leesId, filter: { text: "Hallo" }, sort: [{ property: "receivedAt" }] });
        const emails = b.Email.get({
          accountId: leesId,
          ids: ids.$ref("/ids"),
          properties: ["subject", "threadId", "attachments", "preview", "keywords"],
        });
        const threads = b.Thread.get({ accountId: leesId, ids: emails.$ref("/list/*/threadId") });
        const snippets = b.SearchSnippet.get({
          accountId: leesId,
          filter: { text: "Hallo" },
          emailIds: ids.$ref("/ids"),
        });
        return { ids, emails, threads, snippets };
      });
      const [email] = found.emails.list;
      strictEqual(email?.preview, "Hallo Lee");
      strictEqual(found.threads.list[0]?.emailIds.length, 1);
      ok(found.snippets.list[0]?.preview?.includes("<mark>Hallo</mark>"));
      const attached = email!.attachments![0]!;
      const down = await asLee.downloadBlob({
        accountId: leesId,
        blobId: attached.blobId!,
        mimeType: "application/octet-stream",
        fileName: "x.bin",
      });
      deepStrictEqual((await down.bytes()).length, 300_000);
      // What one protocol does, the other sees: a flag, a move, an end.
      const [before] = await jam.api.Email.changes({ accountId, sinceState: "1" });
      await jam.api.Email.set({
        accountId,
        update: { [draft]: { mailboxIds: { [work]: true }, "keywords/$flagged": true } } as never,
      });
      const kims = await openImap(palomar, kim);
      await kims.mailboxOpen("Work");
      const moved = await kims.fetchOne("1", { flags: true });
      ok(moved && moved.flags?.has("\\Flagged") && moved.flags.has("\\Seen"));
      await kims.messageFlagsAdd("1", ["\\Answered"]);
      await kims.messageDelete("1");
      await kims.logout();
      const [after] = await jam.api.Email.changes({ accountId, sinceState: before.newState });
      deepStrictEqual(after.destroyed, [draft]);
      const [vacation] = await jam.api.VacationResponse.set({
        accountId,
        update: { singleton: { isEnabled: true, textBody: "away" } },
      });
      deepStrictEqual(vacation.updated, { singleton: null });
      const [gone] = await jam.api.Mailbox.set({ accountId, destroy: [work] });
      deepStrictEqual(gone.destroyed, [work]);
      await extensions(jam, accountId, attached.blobId!);
    },
  },
  {
    name: "jmap-client-ts: mailboxes, emails, changes and sending",
    async run(stage) {
      const { palomar, base, fetch } = await overTls(stage);
      const [kim, lee] = [await palomar.account("kim"), await palomar.account("lee")];
      const answered = async (response: Promise<Response>) => {
        const one = await response;
        if (one.status !== 200) throw new Error(await one.text());
        return await one.json();
      };
      const client = new Client({
        sessionUrl: `${base}/jmap/session`,
        accessToken: await tokenOf(palomar, kim),
        transport: {
          get: (url: string, headers: Record<string, string>) => answered(fetch(url, { headers })),
          post: (url: string, content: unknown, headers: Record<string, string>) =>
            answered(fetch(url, {
              method: "POST",
              headers: { ...headers, "content-type": "application/json" },
              body: JSON.stringify(content),
            })),
        },
      });
      await client.fetchSession();
      const accountId = client.getFirstAccountId();
      const { list, state } = await client.mailbox_get({ accountId, ids: null });
      const box = (role: string) => list.find((one) => one.role === role)!.id;
      const { created } = await client.email_set({
        accountId,
        create: {
          d: {
            mailboxIds: { [box("drafts")]: true },
            from: [{ name: "Kim", email: kim.address }],
            to: [{ name: "Lee", email: lee.address }],
            subject: "second client",
            textBody: [{ partId: "1", type: "text/plain" }],
            bodyValues: { 1: { value: "hello" } },
          },
        },
      } as never);
      const emailId = created!["d"]!.id!;
      const changes = await client.mailbox_changes({ accountId, sinceState: state, maxChanges: null } as never);
      ok(changes.updated.includes(box("drafts")));
      const submitted = await client.emailSubmission_set({
        accountId,
        create: { s: { identityId: "own", emailId } },
      } as never);
      const submissionId = submitted.created!["s"]!.id!;
      const told = await client.emailSubmission_get({ accountId, ids: [submissionId] });
      strictEqual(told.list[0]!.emailId, emailId);
      const { ids } = await client.email_query({ accountId, filter: { subject: "second" } } as never);
      deepStrictEqual(ids, [emailId]);
      const { list: emails } = await client.email_get(
        { accountId, ids, properties: ["subject", "mailboxIds"] } as never,
      );
      strictEqual(emails[0]!.subject, "second client");
      const imap = await openImap(palomar, lee);
      await imap.mailboxOpen("INBOX");
      await eventually("the message", async () => {
        await imap.noop();
        const status = await imap.status("INBOX", { messages: true });
        return status && status.messages === 1;
      });
      await imap.logout();
    },
  },
  {
    name: "curl: the examples of JMAP in the README do what they say",
    needs: ["curl", "sh"],
    async run(stage) {
      const { palomar, base } = await overTls(stage);
      const { address, password } = await palomar.account("kim");
      const imap = await openImap(palomar, { address, password });
      ok(await imap.append("INBOX", "Subject: your invoice\r\n\r\nPlease pay.\r\n"));
      await imap.logout();
      const readme = await Deno.readTextFile(new URL("../../../README.md", import.meta.url));
      const [, examples = ""] = /\n## JMAP\n[^]*?```sh\n([^]*?)```/.exec(readme) ?? [];
      const commands = examples.replace(/^(ME|JMAP)=.*$/gm, "").split(/\n(?=curl )/).map((one) => one.trim());
      const env = { ME: `${address}:${password}`, JMAP: base, CURL_CA_BUNDLE: palomar.caFile };
      const said = (await stage.run("sh", ["-c", commands[1]!], { env })).stdout;
      const session = JSON.parse(said);
      ok(session.accounts, said);
      const [accountId] = Object.keys(session.accounts);
      const search = commands[2]!.replaceAll('"a1"', JSON.stringify(accountId));
      const { methodResponses } = JSON.parse((await stage.run("sh", ["-c", search], { env })).stdout);
      strictEqual(methodResponses[1][1].list[0].preview, "Please pay.");
      // Nothing happens: it listens until its time is up.
      const listening = commands[3]!.replace("curl ", "curl --max-time 2 ");
      ok((await stage.run("sh", ["-c", listening], { env, codes: [28] })).stdout.startsWith(": listening"));
    },
  },
];
