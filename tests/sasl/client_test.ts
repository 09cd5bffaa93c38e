/** The client's side, against the published example and against our own server's side. */
import assert from "node:assert/strict";
import { pbkdf2Sync } from "node:crypto";
import { latin1Bytes, latin1String } from "../../src/base/bytes.ts";
import { Secret } from "../../src/base/secret.ts";
import {
  advanceExchange,
  chooseMechanism,
  type ClientExchange,
  type ClientMechanism,
  saysFirst,
  startClientExchange,
  startExchange,
} from "../../src/sasl/mod.ts";
import { scramKeys } from "../support/scram_example.ts";

const who = (more = {}) => ({
  username: "user",
  password: new Secret("pencil"),
  nonce: "rOprNGfwEbeRWgbNEkqO",
  ...more,
});

/** Resumes, and does the slow work that is asked for. */
function step(exchange: ClientExchange, input: string): string {
  let result = exchange.next(latin1Bytes(input));
  if (!result.done && result.value.type === "derive") {
    const { password, salt, iterations } = result.value;
    result = exchange.next(new Uint8Array(pbkdf2Sync(password.reveal(), salt, iterations, 32, "sha256")));
  }
  if (result.done) return result.value === null ? "done" : `fails: ${result.value}`;
  return result.value.type === "say" ? latin1String(result.value.data) : "?";
}

const FIRST = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";

Deno.test("SCRAM-SHA-256 says what the example of RFC 7677 says", () => {
  const exchange = startClientExchange("SCRAM-SHA-256", who());
  assert.equal(step(exchange, ""), "n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
  assert.equal(
    step(exchange, FIRST),
    "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
  );
  assert.equal(step(exchange, "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="), "");
  assert.equal(step(exchange, ""), "done");
});

Deno.test("SCRAM gives up where the server is not what it should be, before and after the proof", () => {
  const bad: readonly string[] = [
    "",
    "e=other-error",
    FIRST.replace("r=rOpr", "r=xOpr"),
    "r=rOprNGfwEbeRWgbNEkqO,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096", // nothing of its own
    FIRST.replace("i=4096", "i=1"),
    FIRST.replace("i=4096", "i=2000000000"),
    FIRST.replace("i=4096", "i=-4096"),
    FIRST.replace("s=W22ZaJ0SNY7soEsUEjb6gQ==", "s=?"),
    FIRST.replace("s=W22ZaJ0SNY7soEsUEjb6gQ==", "s="),
    "m=x," + FIRST,
    FIRST.replace("%hv", "x".repeat(600)),
  ];
  for (const text of bad) {
    const exchange = startClientExchange("SCRAM-SHA-256", who());
    step(exchange, "");
    assert.match(step(exchange, text), /^fails: /, text);
  }
  for (const text of ["", "v=", "v=AAAA", "e=invalid-proof", "v=7rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="]) {
    const exchange = startClientExchange("SCRAM-SHA-256", who());
    step(exchange, "");
    step(exchange, FIRST);
    assert.match(step(exchange, text), /^fails: the server does not know/, text);
  }
});

Deno.test("names with commas and equals signs are escaped, and impossible ones refused", () => {
  const first = (username: string) => step(startClientExchange("SCRAM-SHA-256", who({ username })), "");
  assert.equal(first("a,b=c"), "n,,n=a=2Cb=3Dc,r=rOprNGfwEbeRWgbNEkqO");
  assert.match(first("a\u0007"), /^fails/);
});

Deno.test("the best mechanism that both know is chosen; SCRAM needs a nonce", () => {
  const table: readonly (readonly [string, string | null, ClientMechanism | null])[] = [
    ["PLAIN LOGIN SCRAM-SHA-256 SCRAM-SHA-256-PLUS", "n", "SCRAM-SHA-256"],
    ["PLAIN LOGIN SCRAM-SHA-256", null, "PLAIN"],
    ["LOGIN XOAUTH2", "n", "LOGIN"],
    ["XOAUTH2 CRAM-MD5", "n", null],
    ["", "n", null],
  ];
  for (const [offered, nonce, want] of table) assert.equal(chooseMechanism(offered.split(" "), who({ nonce })), want);
});

Deno.test("client and server agree, mechanism by mechanism", () => {
  for (const mechanism of ["SCRAM-SHA-256", "PLAIN", "LOGIN"] as const) {
    for (const password of ["pencil", "pen"]) {
      const client = startClientExchange(mechanism, who({ password: new Secret(password) }));
      const initial = saysFirst(mechanism) ? latin1Bytes(step(client, "")) : null;
      const server = startExchange(mechanism, initial);
      let progress = advanceExchange(server, { type: "start" });
      while (progress.kind !== "done") {
        assert.notEqual(progress.kind, "failed");
        if (progress.kind === "challenge") {
          const response = latin1Bytes(step(client, latin1String(progress.data)));
          progress = advanceExchange(server, { type: "response", response });
        } else if (progress.kind === "call") {
          const { op } = progress.call;
          const args = progress.call.args as { password?: Secret; proven?: boolean };
          const good = op === "auth.password" ? args.password!.reveal() === "pencil" : args.proven;
          const login = good ? { accountId: "a1", login: "user" } : { refused: "credentials" };
          const value = op === "auth.scram" ? scramKeys() : login;
          progress = advanceExchange(server, { type: "answer", id: 0, op, value } as never);
        }
      }
      assert.equal("login" in progress.outcome, password === "pencil", mechanism);
      if (password === "pencil") assert.equal(step(client, ""), "done", mechanism);
    }
  }
});
