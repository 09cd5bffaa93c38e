/** Places for mail in the configuration: what is right, and the words for what is not. */
import assert from "node:assert/strict";
import { parseConfig } from "../../../src/server/config/mod.ts";

function read(delivery: unknown) {
  return parseConfig({ hostname: "mail.example.org", listeners: [{ protocol: "imap", port: 143 }], delivery }, "/");
}

function problems(delivery: unknown): string {
  const found = read(delivery);
  assert.ok(Array.isArray(found), "it was taken");
  return found.map(({ path, reason }) => `${path}: ${reason}`).join("\n");
}

Deno.test("delivery: programs, Maildirs, mboxes and services with what they are by default", () => {
  const config = read({
    programs: { learn: { command: ["/usr/bin/learn", "-f", "{sender}"] } },
    maildirs: { home: { path: "/srv/{domain}/{user}" } },
    mboxes: { spool: { path: "/var/mail/{user}" } },
    http: { hook: { protocol: "http", url: "https://example.org/in" } },
  });
  assert.ok("delivery" in config);
  const { programs, maildirs, mboxes, http } = config.delivery;
  assert.deepEqual([programs["learn"]?.timeout, programs["learn"]?.processes], [60_000, 4]);
  assert.deepEqual(maildirs["home"], { path: "/srv/{domain}/{user}", create: true, quota: null });
  assert.deepEqual([mboxes["spool"]?.staleLock, http["hook"]?.protocol], [900_000, "http"]);
});

Deno.test("delivery: paths that leave their place, programs that are looked for, and words that nobody fills in", () => {
  const path = (value: string) => problems({ maildirs: { m: { path: value } } });
  assert.match(path("srv/{user}"), /delivery\.maildirs\.m\.path: .*should begin with \//);
  assert.match(path("/srv/../{user}"), /has \. or \.\. in it/);
  assert.match(path("/srv/{sender}"), /"\{sender\}" should be one of \{account\}, \{user\} and \{domain\}/);
  assert.match(path("/srv/mail"), /should hold \{user\} or \{account\}/);
  assert.match(path("/srv/{domain}"), /should hold \{user\} or \{account\}/);
  assert.match(path("/srv/a\n{user}"), /control characters/);
  const command = (...words: string[]) => problems({ programs: { p: { command: words } } });
  assert.match(command("learn"), /should be the whole path of the program/);
  assert.match(command("/bin/{user}"), /has no words in braces/);
  assert.match(command("/bin/x", "{subject}"), /"\{subject\}" should be one of \{sender\}/);
  assert.match(command(), /should name a program/);
  assert.match(problems({ programs: { "a b": { command: ["/bin/x"] } } }), /this name should be of letters/);
  assert.match(problems({ http: { h: { host: "example.org" } } }), /should have "protocol": "http"/);
});
