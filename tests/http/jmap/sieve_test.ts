/** Sieve scripts over JMAP (RFC 9661): the same that ManageSieve and the admin API change. */
import assert from "node:assert/strict";
import { testServer } from "../../../src/server/test_server.ts";
import { JmapClient, USING } from "./client.ts";

const SIEVE = [...USING, "urn:ietf:params:jmap:sieve", "urn:ietf:params:jmap:blob"];
const API = "/api/v1/accounts/alice@example.test/sieve";

async function opened() {
  const server = await testServer();
  const alice = new JmapClient(server, "alice");
  const call = (name: string, args: object = {}) => alice.call(name, args as never, SIEVE);
  const fails = (name: string, args: object = {}) => alice.fails(name, args as never, SIEVE);
  const set = (args: object) => call("SieveScript/set", args);
  const text = async (content: string | Uint8Array) => (await alice.upload(content, "application/sieve"))["blobId"];
  const all = async () => (await call("SieveScript/get"))["list"];
  return { server, alice, call, fails, set, text, all };
}

Deno.test("RFC 9661 section 1.3: the session says what scripts may be", async () => {
  const { server, alice } = await opened();
  try {
    const session = await alice.session() as never as {
      capabilities: Record<string, Record<string, unknown>>;
      accounts: Record<string, { accountCapabilities: Record<string, Record<string, unknown>> }>;
    };
    const uri = "urn:ietf:params:jmap:sieve";
    assert.match(session.capabilities[uri]!["implementation"] as string, /^Palomar /);
    const account = session.accounts[alice.accountId]!.accountCapabilities[uri]!;
    assert.deepEqual([account["maxSizeScriptName"], account["maxNumberScripts"]], [512, 100]);
    assert.ok((account["sieveExtensions"] as string[]).includes("fileinto"));
    assert.ok((account["notificationMethods"] as string[]).includes("mailto"));
    assert.equal((session.capabilities["urn:ietf:params:jmap:core"] as Record<string, unknown>)["sieve"], undefined);
  } finally {
    await server[Symbol.asyncDispose]();
  }
});

Deno.test("RFC 9661 section 2.3: a script is made, activated, changed and destroyed; its id stays", async () => {
  const { server, alice, call, set, text, all } = await opened();
  try {
    const made = await set({
      create: { a: { name: "main", blobId: await text("keep;") }, b: { name: null, blobId: await text("discard;") } },
      onSuccessActivateScript: "#a",
    });
    const { a, b } = made["created"];
    assert.deepEqual([a.isActive, b.isActive], [true, false]);
    assert.ok(b.name.length > 0);
    assert.equal(made["notCreated"], null);
    const down = await alice.fetch(`/jmap/download/${alice.accountId}/${a.blobId}/a.sieve?type=application/sieve`);
    assert.equal(await down.text(), "keep;");
    const renamed = await set({ update: { [a.id]: { name: "first", isActive: true } } });
    assert.deepEqual(renamed["updated"], { [a.id]: null });
    const changed = await set({
      update: { [a.id]: { blobId: await text("stop;") } },
      onSuccessActivateScript: b.id,
    });
    assert.notEqual(changed["updated"][a.id].blobId, a.blobId);
    assert.equal(changed["updated"][a.id].isActive, false);
    assert.deepEqual(changed["updated"][b.id], { isActive: true });
    // The blob of the old text is gone with it.
    assert.equal((await alice.fetch(`/jmap/download/${alice.accountId}/${a.blobId}/a`)).status, 404);
    const [blob] = (await call("Blob/get", { ids: [changed["updated"][a.id].blobId] }))["list"];
    assert.equal(blob["data:asText"], "stop;");
    assert.deepEqual((await all()).map((one: Record<string, unknown>) => [one["id"], one["name"], one["isActive"]]), [
      [a.id, "first", false],
      [b.id, b.name, true],
    ]);
    const active = await set({ destroy: [b.id] });
    assert.equal(active["notDestroyed"][b.id].type, "sieveIsActive");
    const off = await set({ onSuccessDeactivateScript: true });
    assert.deepEqual(off["updated"], { [b.id]: { isActive: false } });
    assert.deepEqual((await set({ destroy: [b.id, "f99"] }))["destroyed"], [b.id]);
    // Not all went well: nothing becomes active.
    const failed = await set({ destroy: ["f99"], onSuccessActivateScript: a.id });
    assert.equal(failed["notDestroyed"].f99.type, "notFound");
    assert.equal((await all())[0].isActive, false);
    // Whom it names must be there; else all stays as it is.
    assert.equal((await set({ onSuccessActivateScript: "f99" }))["updated"], null);
  } finally {
    await server[Symbol.asyncDispose]();
  }
});

Deno.test("RFC 9661 section 2.3: what cannot be a script is refused with the place of the error", async () => {
  const { server, alice, call, fails, set, text, all } = await opened();
  try {
    await set({ create: { a: { name: "a", blobId: await text("keep;") } } });
    const [a] = await all();
    const keep = await text("keep;");
    const wrong: Record<string, readonly [string, object]> = {
      grammar: ["invalidSieve", { name: "x", blobId: await text("keep;\nfoo bar") }],
      extension: ["invalidSieve", { name: "x", blobId: await text('require "nothing";') }],
      binary: ["invalidSieve", { name: "x", blobId: await text(new Uint8Array([255])) }],
      large: ["tooLarge", { name: "x", blobId: await text("#".repeat(2 ** 20 + 1)) }],
      blob: ["blobNotFound", { name: "x", blobId: "b" + "0".repeat(64) }],
      script: ["blobNotFound", { name: "x", blobId: a.blobId.replace("f", "f9") }],
      none: ["invalidProperties", { name: "x" }],
      taken: ["alreadyExists", { name: "a", blobId: keep }],
      empty: ["invalidProperties", { name: "", blobId: keep }],
      control: ["invalidProperties", { name: "a\nb", blobId: keep }],
      long: ["invalidProperties", { name: "é".repeat(257), blobId: keep }],
      number: ["invalidProperties", { name: 5, blobId: keep }],
      server: ["invalidProperties", { name: "x", blobId: keep, isActive: true }],
    };
    const create = Object.fromEntries(Object.entries(wrong).map(([name, [, object]]) => [name, object]));
    const { notCreated } = await set({ create });
    for (const [name, [type]] of Object.entries(wrong)) assert.equal(notCreated[name]?.type, type, name);
    assert.match(notCreated.grammar.description, /^line 2, column 1:/);
    assert.equal(notCreated.taken.existingId, a.id);
    assert.equal((await all()).length, 1);
    const patch = async (patch: object) => (await set({ update: { [a.id]: patch } }))["notUpdated"][a.id].type;
    assert.equal(await patch({ blobId: await text("keep") }), "invalidSieve");
    assert.equal(await patch({ isActive: true }), "invalidProperties");
    assert.equal(await patch({ "name/x": "y" }), "invalidPatch");
    assert.equal(await patch({ name: null }), "invalidProperties");
    assert.equal(await patch({ nothing: 1 }), "invalidProperties");
    assert.equal(await fails("SieveScript/set", { ifInState: "0" }), "stateMismatch");
    const validate = async (content: string) =>
      (await call("SieveScript/validate", { blobId: await text(content) }))["error"]?.type ?? null;
    assert.equal(await validate("discard;"), null);
    assert.equal(await validate("discard"), "invalidSieve");
    assert.equal((await call("SieveScript/validate", { blobId: "x" }))["error"].type, "blobNotFound");
    assert.equal((await all()).length, 1);
    const bob = new JmapClient(server, "bob");
    await bob.session();
    assert.equal((await bob.fetch(`/jmap/download/${bob.accountId}/${a.blobId}/a`)).status, 404);
    assert.deepEqual((await bob.call("Blob/get", { ids: [a.blobId] }, SIEVE))["notFound"], [a.blobId]);
    assert.equal(await bob.fails("SieveScript/get", { accountId: alice.accountId }, SIEVE), "accountNotFound");
  } finally {
    await server[Symbol.asyncDispose]();
  }
});

Deno.test("RFC 9661: what ManageSieve and the admin API do is there, with a new state", async () => {
  const { server, call, set, text, all } = await opened();
  try {
    const state = async () => (await call("SieveScript/get", { ids: [] }))["state"];
    const before = await state();
    await server.admin("PUT", `${API}/admin`, { content: "keep;", activate: true });
    assert.notEqual(await state(), before);
    const sieve = server.connect("managesieve");
    await sieve.until("OK");
    await sieve.ask(`AUTHENTICATE "PLAIN" "${btoa("\0alice@example.test\0alice")}"`, "OK");
    await sieve.ask('PUTSCRIPT "people" "discard;"', "OK");
    const [admin, people] = await all();
    assert.deepEqual([admin.name, admin.isActive, people.name, people.isActive], ["admin", true, "people", false]);
    const between = await state();
    await sieve.ask('RENAMESCRIPT "people" "others"', "OK");
    await sieve.ask('SETACTIVE "others"', "OK");
    assert.notEqual(await state(), between);
    const after = await all();
    assert.deepEqual(after[1], { ...people, name: "others", isActive: true });
    assert.equal(after[0].isActive, false);
    await set({ update: { [admin.id]: { blobId: await text("stop;") } } });
    assert.match(await sieve.ask('GETSCRIPT "admin"', "OK"), /stop;/);
    assert.equal((await (await server.admin("GET", `${API}/admin`)).json()).content, "stop;");
    const query = async (args: object) => (await call("SieveScript/query", args))["ids"];
    assert.deepEqual(await query({ filter: { isActive: true } }), [people.id]);
    assert.deepEqual(await query({ filter: { name: "ADM" } }), [admin.id]);
    assert.deepEqual(await query({ sort: [{ property: "name", isAscending: false }] }), [people.id, admin.id]);
    assert.deepEqual(await query({ sort: [{ property: "isActive" }] }), [admin.id, people.id]);
  } finally {
    await server[Symbol.asyncDispose]();
  }
});
