/** Logging in by a client's certificate (SASL EXTERNAL), over real TLS. */
import assert from "node:assert/strict";
import { createPrivateKey, generateKeyPairSync } from "node:crypto";
import { connect, type TLSSocket } from "node:tls";
import { testServer } from "../../mod.ts";
import { makeCertificate } from "../../src/net/x509_der.ts";

const DAY = 86_400_000;
const options = { namedCurve: "P-256" } as const;

interface Authority {
  readonly pem: string;
  issue(...addresses: string[]): { cert: string; key: string };
}

function authority(subject: string): Authority {
  const { publicKey, privateKey } = generateKeyPairSync("ec", options);
  const issuer = { subject, privateKey };
  const times = { notBefore: Date.now() - DAY, notAfter: Date.now() + DAY };
  return {
    pem: makeCertificate({ subject, publicKey, issuer, ...times, names: null }),
    issue(...names) {
      const keys = generateKeyPairSync("ec", options);
      return {
        cert: makeCertificate({ subject: names[0]!, publicKey: keys.publicKey, issuer, ...times, names }),
        key: createPrivateKey(keys.privateKey.export({ type: "pkcs8", format: "pem" })).export({
          type: "pkcs8",
          format: "pem",
        }) as string,
      };
    },
  };
}

/** Says each line when the one before is answered, and gives all that came. */
async function dialogue(port: number, pair: { cert?: string; key?: string }, ...lines: string[]): Promise<string> {
  const socket: TLSSocket = connect({ host: "127.0.0.1", port, rejectUnauthorized: false, ...pair });
  let said = "";
  let wake = (): void => {};
  socket.on("data", (chunk) => {
    said += chunk.toString("latin1");
    wake();
  });
  socket.on("close", () => wake());
  socket.on("error", () => wake());
  const lineOf = async (seen: number): Promise<void> => {
    while (!said.slice(seen).includes("\r\n") && !socket.destroyed) {
      await new Promise<void>((resolve) => wake = resolve);
    }
  };
  await lineOf(0);
  for (const line of lines) {
    const seen = said.length;
    socket.write(line + "\r\n");
    await lineOf(seen);
  }
  socket.destroy();
  return said;
}

Deno.test("a certificate with an account's address lets its owner in, and nobody else", async () => {
  const ours = authority("Our people");
  const folder = await Deno.makeTempDir();
  await Deno.writeTextFile(`${folder}/clients.pem`, ours.pem);
  const config = { tls: { clientAuthorities: [`${folder}/clients.pem`] } };
  await using server = await testServer({ listen: true, config });
  const port = (protocol: "imap" | "submission" | "pop3") => server.address(protocol, "implicit").port;
  const alice = ours.issue("stranger@elsewhere.test", "alice@example.test");
  const imap = (pair: object, ...lines: string[]) => dialogue(port("imap"), pair, ...lines);
  const external = (login: string) => `a AUTHENTICATE EXTERNAL ${login === "" ? "=" : btoa(login)}`;

  const greeted = await imap(alice, external(""), 'b LIST "" INBOX');
  assert.match(greeted, /AUTH=EXTERNAL AUTH=SCRAM/);
  assert.match(greeted, /^a OK /m);
  assert.match(greeted, /^\* LIST .* "INBOX"/m);
  assert.match(await imap(alice, external("alice@example.test")), /^a OK /m);
  assert.match(await imap(alice, external("bob@example.test")), /^a NO \[AUTHENTICATIONFAILED\]/m);
  assert.match(await imap(ours.issue("nobody@example.test"), external("")), /^a NO \[AUTHENTICATIONFAILED\]/m);
  // Another authority's certificate, and none at all: nothing is offered, other ways stay open.
  for (const pair of [authority("Our people").issue("alice@example.test"), {}]) {
    const said = await imap(pair, external(""), "c LOGIN alice@example.test alice");
    assert.doesNotMatch(said, /AUTH=EXTERNAL/);
    assert.match(said, /^a NO /m);
    assert.match(said, /^c OK /m);
  }
  const submission = await dialogue(port("submission"), alice, "EHLO client.test", "AUTH EXTERNAL =");
  assert.match(submission, /^250[- ]AUTH EXTERNAL SCRAM/m);
  assert.match(submission, /^235 /m);
  assert.match(await dialogue(port("pop3"), alice, "AUTH EXTERNAL =", "STAT"), /^\+OK 0 0/m);
  await Deno.remove(folder, { recursive: true });
});
