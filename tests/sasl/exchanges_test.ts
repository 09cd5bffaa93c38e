import assert from "node:assert/strict";
import { decodeBase64 } from "../../src/base/base64.ts";
import { latin1Bytes, latin1String, utf8Bytes } from "../../src/base/bytes.ts";
import { Secret } from "../../src/base/secret.ts";
import type { AccountId, Call, Login, LoginRefused, ScramKeys } from "../../src/contract/mod.ts";
import {
  advanceExchange,
  MECHANISMS,
  offeredMechanisms,
  parseMechanism,
  type SaslMechanism,
  startExchange,
} from "../../src/sasl/mod.ts";

const LOGIN: Login = { accountId: "a1" as AccountId, login: "user", scopes: null };

interface Ran {
  challenges: string[];
  calls: { op: string; login: string; password?: string; proven?: boolean }[];
  outcome: unknown;
}

/** Runs an exchange with responses in latin1 (null cancels), and a world that answers from `answers` by op. */
function run(
  mechanism: SaslMechanism,
  initial: string | null,
  responses: readonly (string | null)[],
  answers: Record<string, unknown> = {},
): Ran {
  const ran: Ran = { challenges: [], calls: [], outcome: null };
  const exchange = startExchange(mechanism, initial === null ? null : latin1Bytes(initial));
  let progress = advanceExchange(exchange, { type: "start" });
  const left = [...responses];
  for (;;) {
    if (progress.kind === "challenge") {
      ran.challenges.push(latin1String(progress.data));
      const response = left.shift();
      if (response === undefined) {
        ran.outcome = "waits";
        return ran;
      }
      progress = advanceExchange(exchange, {
        type: "response",
        response: response === null ? null : latin1Bytes(response),
      });
    } else if (progress.kind === "call") {
      const call: Call = progress.call;
      const args = call.args as { login: string; password?: Secret; proven?: boolean };
      ran.calls.push({
        op: call.op,
        login: args.login,
        ...(args.password ? { password: args.password.reveal() } : {}),
        ...(args.proven === undefined ? {} : { proven: args.proven }),
      });
      const value = answers[call.op] ?? LOGIN;
      // deno-lint-ignore no-explicit-any
      progress = advanceExchange(exchange, { type: "answer", id: 0, op: call.op, value } as any);
    } else {
      ran.outcome = progress.kind === "done" ? progress.outcome : progress.error.reason;
      return ran;
    }
  }
}

Deno.test("parseMechanism() knows names in any case of ASCII, and no others", () => {
  assert.equal(parseMechanism("plain", MECHANISMS), "PLAIN");
  assert.equal(parseMechanism("Scram-Sha-256", MECHANISMS), "SCRAM-SHA-256");
  assert.equal(parseMechanism("LOGıN", MECHANISMS), null);
  assert.equal(parseMechanism("CRAM-MD5", MECHANISMS), null);
  assert.equal(parseMechanism("__proto__", MECHANISMS), null);
});

Deno.test("PLAIN takes an initial response, and asks with an empty challenge where there is none", () => {
  assert.deepEqual(run("PLAIN", "\0user\0secret", []), {
    challenges: [],
    calls: [{ op: "auth.password", login: "user", password: "secret" }],
    outcome: { login: LOGIN },
  });
  const asked = run("PLAIN", null, ["user\0user\0secret"]);
  assert.deepEqual(asked.challenges, [""]);
  assert.deepEqual(asked.outcome, { login: LOGIN });
  assert.deepEqual(run("PLAIN", null, [null]).outcome, { refused: "cancelled" });
});

Deno.test("PLAIN refuses to act for somebody else, and asks nobody", () => {
  const ran = run("PLAIN", "boss\0user\0secret", []);
  assert.deepEqual(ran, { challenges: [], calls: [], outcome: { refused: "credentials" } });
});

Deno.test("PLAIN refuses what its grammar does not have before anything is hashed", () => {
  const long = "x".repeat(1025);
  const broken = [
    "",
    "user",
    "user\0secret",
    "\0\0secret",
    "\0user\0",
    "\0user\0secret\0",
    "\0user\0sec\0ret",
    `\0user\0${long}`,
    `\0${"u".repeat(256)}\0x`,
    "\0us\xffer\0x",
    "\0user\0\xc0\x80",
    "\0user\0a\tb",
  ];
  for (const message of broken) {
    assert.deepEqual(run("PLAIN", message, []), { challenges: [], calls: [], outcome: { refused: "malformed" } });
  }
  assert.equal(run("PLAIN", `\0user\0${long.slice(1)}`, []).calls[0]?.password?.length, 1024);
});

Deno.test("a password is prepared as RFC 4013 says", () => {
  const ran = run("PLAIN", "\0user\0" + latin1String(utf8Bytes("I\u00adX \u00aa\u2168")), []);
  assert.equal(ran.calls[0]?.password, "IX aIX");
});

Deno.test("LOGIN prompts for both, takes an initial name, and can be cancelled at each", () => {
  const ran = run("LOGIN", null, ["user", "secret"]);
  assert.deepEqual(ran.challenges, ["Username:", "Password:"]);
  assert.deepEqual(ran.outcome, { login: LOGIN });
  assert.deepEqual(run("LOGIN", "user", ["secret"]).challenges, ["Password:"]);
  assert.deepEqual(run("LOGIN", "", ["user", "secret"]).challenges, ["Username:", "Password:"]);
  assert.deepEqual(run("LOGIN", null, [null]).outcome, { refused: "cancelled" });
  assert.deepEqual(run("LOGIN", null, ["user", null]).outcome, { refused: "cancelled" });
  assert.deepEqual(run("LOGIN", null, ["user", "a\0b"]).outcome, { refused: "malformed" });
  assert.deepEqual(run("LOGIN", null, ["us\0er"]).outcome, { refused: "malformed" });
});

Deno.test("a refusal of the world is the outcome, and a failure is neither yes nor no", () => {
  const refused: LoginRefused = { refused: "tooMany" };
  assert.deepEqual(run("PLAIN", "\0user\0x", [], { "auth.password": refused }).outcome, refused);
  const exchange = startExchange("PLAIN", latin1Bytes("\0user\0x"));
  advanceExchange(exchange, { type: "start" });
  const progress = advanceExchange(exchange, {
    type: "failed",
    id: 0,
    op: "auth.password",
    reason: "unavailable",
    text: "down",
  });
  assert.equal(progress.kind === "failed" && progress.error.reason, "unavailable");
});

// RFC 7677 section 3: user "user", password "pencil", 4,096 iterations. The keys follow from RFC 5802 section 3.
const CLIENT_FIRST = "n,,n=user,r=rOprNGfwEbeRWgbNEkqO";
const SERVER_FIRST = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
const CLIENT_FINAL = "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0," +
  "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
const SERVER_FINAL = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";

async function vectorKeys(): Promise<ScramKeys> {
  const { pbkdf2Sync, createHmac, createHash } = await import("node:crypto");
  const salt = decodeBase64("W22ZaJ0SNY7soEsUEjb6gQ==")!;
  const salted = pbkdf2Sync("pencil", salt, 4096, 32, "sha256");
  const key = (label: string) => createHmac("sha256", salted).update(label).digest();
  return {
    salt,
    iterations: 4096,
    storedKey: new Secret(new Uint8Array(createHash("sha256").update(key("Client Key")).digest())),
    serverKey: new Secret(new Uint8Array(key("Server Key"))),
    nonce: "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
  };
}

Deno.test("SCRAM-SHA-256 runs the exchange of RFC 7677 section 3", async () => {
  const answers = { "auth.scram": await vectorKeys() };
  const ran = run("SCRAM-SHA-256", CLIENT_FIRST, [CLIENT_FINAL, ""], answers);
  assert.deepEqual(ran.challenges, [SERVER_FIRST, SERVER_FINAL]);
  assert.deepEqual(ran.calls, [{ op: "auth.scram", login: "user" }, {
    op: "auth.scramDone",
    login: "user",
    proven: true,
  }]);
  assert.deepEqual(ran.outcome, { login: LOGIN });
  const asked = run("SCRAM-SHA-256", null, [CLIENT_FIRST, CLIENT_FINAL, ""], answers);
  assert.deepEqual(asked.challenges, ["", SERVER_FIRST, SERVER_FINAL]);
});

Deno.test("SCRAM-SHA-1 runs the exchange of RFC 5802 section 5", async () => {
  const { pbkdf2Sync, createHmac, createHash } = await import("node:crypto");
  const salt = decodeBase64("QSXCR+Q6sek8bf92")!;
  const salted = pbkdf2Sync("pencil", salt, 4096, 20, "sha1");
  const key = (label: string) => createHmac("sha1", salted).update(label).digest();
  const keys = {
    salt,
    iterations: 4096,
    storedKey: new Secret(new Uint8Array(createHash("sha1").update(key("Client Key")).digest())),
    serverKey: new Secret(new Uint8Array(key("Server Key"))),
    nonce: "3rfcNHYJY1ZVvWVs7j",
  };
  const final = "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=";
  const ran = run("SCRAM-SHA-1", "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL", [final, ""], { "auth.scram": keys });
  assert.deepEqual(ran.challenges, [
    "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
    "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=",
  ]);
  assert.deepEqual(ran.outcome, { login: LOGIN });
});

Deno.test("SCRAM-SHA-256 proves nothing with a wrong proof, nonce or channel binding, and tells the world", async () => {
  const answers = { "auth.scram": await vectorKeys(), "auth.scramDone": { refused: "credentials" } };
  const wrong = [
    CLIENT_FINAL.replace("p=dH", "p=eH"),
    CLIENT_FINAL.replace("k0,p=", "k1,p="),
    CLIENT_FINAL.replace("c=biws", "c=eSws"),
    CLIENT_FINAL.replace(/p=.*/, "p=dHzb"),
  ];
  for (const final of wrong) {
    const ran = run("SCRAM-SHA-256", CLIENT_FIRST, [final, ""], answers);
    assert.equal(ran.calls[1]?.proven, false, final);
    assert.deepEqual(ran.outcome, { refused: "credentials" });
  }
  // Even a world that says yes cannot let an unproven client in.
  const ran = run("SCRAM-SHA-256", CLIENT_FIRST, [wrong[0]!], { "auth.scram": await vectorKeys() });
  assert.deepEqual(ran.outcome, { refused: "credentials" });
});

Deno.test("SCRAM-SHA-256 refuses broken messages as malformed", async () => {
  const answers = { "auth.scram": await vectorKeys() };
  const firsts = [
    "",
    "n",
    "n,,",
    "n,,n=user",
    "n,,n=,r=abc",
    "n,,n=user,r=",
    "n,,r=abc,n=user",
    "n,,m=x,n=user,r=abc",
    "n,,n=user,r=abc,m=x",
    "n,,n=us=er,r=abc",
    "n,,n=us=2cer,r=abc",
    "n,,n=user,r=a b",
    "n,,n=user,r=abc,",
    "n,,n=user,r=abc,1=x",
    "n,a=,n=user,r=abc",
    "n,user,n=user,r=abc",
    "p=tls-unique,,n=user,r=abc",
    "p=tls-exporter,,n=user,r=abc",
    "x,,n=user,r=abc",
    "n,,n=us\0er,r=abc",
    "n,,n=\xff,r=abc",
    `n,,n=user,r=${"x".repeat(5000)}`,
  ];
  for (const first of firsts) {
    const ran = run("SCRAM-SHA-256", first, [], answers);
    assert.deepEqual(ran, { challenges: [], calls: [], outcome: { refused: "malformed" } }, first);
  }
  const finals = [
    "",
    "c=biws",
    "c=biws,r=x",
    "c=!,r=x,p=AAAA",
    "c=biws,r=x,p=!",
    "r=x,c=biws,p=AAAA",
    "c=biws,r=x,p=AA,p=AAAA",
  ];
  for (const final of finals) {
    assert.deepEqual(run("SCRAM-SHA-256", CLIENT_FIRST, [final], answers).outcome, { refused: "malformed" }, final);
  }
});

Deno.test("SCRAM-SHA-256 can be cancelled at each challenge, and the last response must be empty", async () => {
  const answers = { "auth.scram": await vectorKeys() };
  assert.deepEqual(run("SCRAM-SHA-256", null, [null], answers).outcome, { refused: "cancelled" });
  assert.deepEqual(run("SCRAM-SHA-256", CLIENT_FIRST, [null], answers).outcome, { refused: "cancelled" });
  assert.deepEqual(run("SCRAM-SHA-256", CLIENT_FIRST, [CLIENT_FINAL, null], answers).outcome, { refused: "cancelled" });
  assert.deepEqual(run("SCRAM-SHA-256", CLIENT_FIRST, [CLIENT_FINAL, "x"], answers).outcome, { refused: "malformed" });
});

Deno.test("SCRAM-SHA-256 decodes names, and acts for nobody else", async () => {
  const answers = { "auth.scram": await vectorKeys() };
  assert.equal(run("SCRAM-SHA-256", "y,,n=a=2Cb=3Dc,r=x", [], answers).calls[0]?.login, "a,b=c");
  assert.equal(run("SCRAM-SHA-256", "n,a=user,n=user,r=x,z=ext", [], answers).calls.length, 1);
  assert.deepEqual(run("SCRAM-SHA-256", "n,a=boss,n=user,r=x", [], answers).outcome, { refused: "credentials" });
});

Deno.test("EXTERNAL is offered to who has a certificate, and asks the world who that is", () => {
  const tls = { version: "TLSv1.3", cipher: "x", serverName: null, clientAddresses: ["ann@example.org"] };
  assert.deepEqual(offeredMechanisms(["PLAIN"], null), ["PLAIN"]);
  assert.deepEqual(offeredMechanisms(["PLAIN"], { ...tls, clientAddresses: [] }), ["PLAIN"]);
  assert.deepEqual(offeredMechanisms([], tls), []);
  assert.deepEqual(offeredMechanisms(["PLAIN"], tls), ["EXTERNAL", "PLAIN"]);
  const login = { accountId: "a1" as AccountId, login: "ann@example.org", scopes: null };
  const asked = (initial: Uint8Array | null, ...responses: (Uint8Array | null)[]) => {
    const exchange = startExchange("EXTERNAL", initial, tls);
    let progress = advanceExchange(exchange, { type: "start" });
    const calls: unknown[] = [];
    while (progress.kind !== "done" && progress.kind !== "failed") {
      if (progress.kind === "challenge") {
        progress = advanceExchange(exchange, { type: "response", response: responses.shift()! });
        continue;
      }
      calls.push(progress.call.args);
      progress = advanceExchange(exchange, { type: "answer", id: 0, op: "auth.external", value: login });
    }
    return [calls, progress.kind === "done" ? progress.outcome : null];
  };
  const addresses = ["ann@example.org"];
  assert.deepEqual(asked(new Uint8Array()), [[{ addresses, login: null }], { login }]);
  assert.deepEqual(asked(null, utf8Bytes("ann@example.org")), [[{ addresses, login: "ann@example.org" }], { login }]);
  assert.deepEqual(asked(utf8Bytes("a\0b")), [[], { refused: "malformed" }]);
  assert.deepEqual(asked(null, null), [[], { refused: "cancelled" }]);
});
