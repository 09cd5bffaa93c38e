/** Filters in TypeScript at delivery: the same actions, bounds and journal as scripts in Sieve. */
import assert from "node:assert/strict";
import { testServer } from "../../../src/server/test_server.ts";
import { activate, headerOf, rows, subjects, why } from "../sieve/house.ts";

const ALICE = "alice@example.test";
const CAROL = "carol@outside.example";
const FILTER = `
export default (message, envelope, context) => {
  if (message.subject === "loop") for (;;);
  if (message.subject === "wrong") return [{ kind: "redirect", address: "nobody" }];
  if (message.subject === "gone") return [{ kind: "discard" }];
  return [
    { kind: "note", text: "from " + envelope.from + " for " + context.account },
    { kind: "addheader", name: "X-Words", value: String(message.text.trim().split(" ").length) },
    { kind: "fileinto", mailbox: "Lists/" + message.headers["x-list"][0], create: true, flags: ["\\\\Seen"] },
  ];
};
`;

Deno.test("an account's filter files, and the server's around it run in one sequence", async () => {
  const dir = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(
      `${dir}/first.ts`,
      'import type { Filter } from "@palomar/palomar";\n' +
        'export default ((m) => m.subject === "stop" ? [{ kind: "fileinto", mailbox: "Stopped", create: true }] : []) satisfies Filter;\n',
    );
    const sieve = { typescript: "accounts" as const, before: [`${dir}/first.ts`], typescriptLimits: { time: "300ms" } };
    await using server = await testServer({ config: { sieve } });
    await activate(server, ALICE, FILTER, "main.ts");
    const send = (subject: string) =>
      server.deliver(`From: ${CAROL}\nTo: ${ALICE}\nSubject: ${subject}\nX-List: dev\n\none two three`, ALICE, CAROL);
    const trace = await send("filed");
    for (const subject of ["stop", "gone", "wrong", "loop"]) await send(subject);
    assert.deepEqual(await subjects(server, ALICE, "Stopped"), ["stop"]);
    const [filed, ...more] = await rows(server, ALICE, "Lists/dev");
    assert(filed && more.length === 0);
    assert.deepEqual(filed.flags, ["\\Seen"]);
    assert.match(headerOf(filed), /^X-Words: 3\r$/m);
    const inbox = await rows(server, ALICE);
    const kept = inbox.map(({ envelope }) => envelope?.subject ?? "").filter((subject) => !subject.startsWith("Your"));
    assert.deepEqual(kept, ["wrong", "loop"]);
    const note = inbox.find(({ envelope }) => envelope?.subject?.startsWith("Your mail filter"));
    assert(note, "the owner is told");
    const told = await why(server, trace);
    assert(told.includes(`Filtered: from ${CAROL} for ${ALICE}.`), told);
    assert(told.includes('filed into "Lists/dev" with \\Seen (main.ts)'), told);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
