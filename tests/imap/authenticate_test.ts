import assert from "node:assert/strict";
import { createHash, createHmac, pbkdf2Sync } from "node:crypto";
import { encodeBase64 } from "../../src/base/base64.ts";
import { latin1Bytes } from "../../src/base/bytes.ts";
import { Secret } from "../../src/base/secret.ts";
import type { AccountId, Login, LoginRefused, ScramKeys } from "../../src/contract/mod.ts";
import { IMAP_LIMITS, imapSession } from "../../src/imap/mod.ts";
import { type Answers, play } from "../support/run_machine.ts";
import { WorldFails } from "../support/run_program.ts";

const options = { hostname: "imap.example.org", allowPlaintextAuth: true };
const LOGIN: Login = { accountId: "a" as AccountId, login: "user@example.org", scopes: null };
const GREETING = /^\* OK \[CAPABILITY [^\]]*\] imap\.example\.org ready\r\n/;

/** What follows the greeting. */
function dialogue(client: string | readonly string[], answers: Answers, size?: number): string {
  const { sent } = play(imapSession(options), client, answers, size);
  assert.match(sent, GREETING);
  return sent.replace(GREETING, "");
}

function passwords(asked: string[] = []): Answers {
  return {
    "auth.password": ({ login, password }): Login | LoginRefused => {
      asked.push(`${login} ${password.reveal()}`);
      return password.reveal() === "secret" ? LOGIN : { refused: "credentials" };
    },
  };
}

function base64(text: string): string {
  return encodeBase64(latin1Bytes(text));
}

/** RFC 7677 section 3: "user" with the password "pencil". */
function scramKeys(): ScramKeys {
  const salt = Uint8Array.fromBase64("W22ZaJ0SNY7soEsUEjb6gQ==");
  const salted = pbkdf2Sync("pencil", salt, 4096, 32, "sha256");
  const key = (name: string): Uint8Array => new Uint8Array(createHmac("sha256", salted).update(name).digest());
  return {
    salt,
    iterations: 4096,
    storedKey: new Secret(new Uint8Array(createHash("sha256").update(key("Client Key")).digest())),
    serverKey: new Secret(key("Server Key")),
    nonce: "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
  };
}

Deno.test("AUTHENTICATE PLAIN logs in with an initial response, and with one that was asked for", () => {
  const response = base64("\0user\0secret");
  for (const size of [1, 3, Infinity]) {
    const direct = dialogue(`a AUTHENTICATE PLAIN ${response}\r\n`, passwords(), size);
    assert.match(direct, /^a OK \[CAPABILITY IMAP4rev1 IMAP4rev2 .*\] Logged in\r\n$/);
    const asked = dialogue([`a authenticate plain\r\n`, `${response}\r\n`], passwords(), size);
    assert.match(asked, /^\+ \r\na OK \[CAPABILITY .*\] Logged in\r\n$/);
  }
});

Deno.test("AUTHENTICATE SCRAM-SHA-256 holds the dialogue of RFC 7677 over Base64 lines", () => {
  const proven: boolean[] = [];
  const answers: Answers = {
    "auth.scram": () => scramKeys(),
    "auth.scramDone": (args) => {
      proven.push(args.proven);
      return args.proven ? LOGIN : { refused: "credentials" };
    },
  };
  const last = "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=";
  const first = `a AUTHENTICATE SCRAM-SHA-256 ${base64("n,,n=user,r=rOprNGfwEbeRWgbNEkqO")}\r\n`;
  const right = base64(last + "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
  const sent = dialogue([first, `${right}\r\n`, "\r\n"], answers);
  const lines = sent.split("\r\n");
  const serverFirst = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
  assert.equal(lines[0], `+ ${base64(serverFirst)}`);
  assert.equal(lines[1], `+ ${base64("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")}`);
  assert.match(lines[2]!, /^a OK \[CAPABILITY /);
  const wrong = base64(last + "AAAAZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
  const refused = dialogue([first, `${wrong}\r\n`, "b NOOP\r\n"], answers);
  assert.match(refused, /\r\na NO \[AUTHENTICATIONFAILED\] [^\r]*\r\nb OK Done\r\n$/);
  assert.deepEqual(proven, [true, false]);
});

Deno.test("AUTHENTICATE can be cancelled, and whatever is no Base64 ends it, the session goes on", () => {
  for (const response of ["*", "no base64!", "AAA", "=", "a LOGOUT"]) {
    const asked: string[] = [];
    const sent = dialogue(`a AUTHENTICATE PLAIN\r\n${response}\r\nb NOOP\r\n`, passwords(asked));
    assert.match(sent, /^\+ \r\na (BAD|NO) [^\r]*\r\nb OK Done\r\n$/, response);
    assert.deepEqual(asked, []);
  }
  assert.match(dialogue("a AUTHENTICATE PLAIN\r\n*\r\n", {}), /^\+ \r\na BAD Authentication cancelled\r\n$/);
  assert.match(dialogue("a AUTHENTICATE PLAIN %%%\r\nb NOOP\r\n", {}), /^a BAD [^\r]*\r\nb OK Done\r\n$/);
});

Deno.test("AUTHENTICATE refuses unknown mechanisms, and tells a broken store from a wrong password", () => {
  assert.match(dialogue("a AUTHENTICATE GSSAPI\r\n", {}), /^a NO No such mechanism\r\n$/);
  const broken: Answers = {
    "auth.password": () => {
      throw new WorldFails();
    },
  };
  const response = base64("\0user\0secret");
  assert.match(dialogue(`a AUTHENTICATE PLAIN ${response}\r\n`, broken), /^a NO \[UNAVAILABLE\] /);
  assert.match(dialogue("a LOGIN user secret\r\n", broken), /^a NO \[UNAVAILABLE\] /);
});

Deno.test("LOGIN prepares the password as SASL does, and wrong ones end the session after some tries", () => {
  const asked: string[] = [];
  // RFC 4013: a soft hyphen is nothing, NFKC makes one of the ligature; both in UTF-8 octets here.
  dialogue("a LOGIN user {8+}\r\nse\xc2\xadcret\r\nb LOGIN us\xc2\xader x\r\n", passwords(asked));
  assert.deepEqual(asked, ["user secret"]);
  const tries = Array.from({ length: 10 }, (_, i) => `a${i} LOGIN user wrong\r\n`);
  const played = play(imapSession(options), tries, passwords());
  assert.ok(played.closed);
  assert.equal(played.sent.split("[AUTHENTICATIONFAILED]").length - 1, IMAP_LIMITS.loginAttempts);
  assert.match(played.sent, /\* BYE Too many failed logins\r\n$/);
  const logged = played.logs.filter((log) => log.event === "login.refused");
  assert.ok(logged.length > 0 && !JSON.stringify(logged).includes("wrong"), "no password in the log");
});

Deno.test("AUTHENTICATE reads no line without end", () => {
  const played = play(imapSession(options), ["a AUTHENTICATE PLAIN\r\n", "A".repeat(100_000)], {});
  assert.ok(played.closed);
  assert.match(played.sent, /\* BYE The line is too long\r\n$/);
});
