/** What is learned of a server's certificate where the runtime does not judge it. */
import assert from "node:assert/strict";
import { generateKeyPairSync, type KeyObject, X509Certificate } from "node:crypto";
import { readChain } from "../../src/mailauth/mod.ts";
import { connect, ConnectError } from "../../src/net/connect.ts";
import type { PeerCertificates } from "../../src/net/peer_certificates.ts";
import { makeCertificate } from "../../src/net/x509_der.ts";
import { impostor } from "./impostor.ts";

const NAME = "mx.there.example";
const DAY = 86_400_000;
const pair = () => generateKeyPairSync("ec", { namedCurve: "P-256" });

function certificateOf(publicKey: KeyObject, issuer: KeyObject): Uint8Array {
  const now = Date.now();
  const times = { notBefore: now - DAY, notAfter: now + DAY };
  const pem = makeCertificate({
    subject: NAME,
    publicKey,
    issuer: { subject: "x", privateKey: issuer },
    ...times,
    names: [NAME],
  });
  return new Uint8Array(new X509Certificate(pem).raw);
}

/** The same with octets changed where `pattern` is found. */
function changed(der: Uint8Array, pattern: readonly number[], offset: number, value: number): Uint8Array {
  const at = der.findIndex((_, i) => pattern.every((octet, j) => der[i + j] === octet));
  assert.ok(at > 0);
  const copy = der.slice();
  copy[at + offset] = value;
  return copy;
}

/** What `check` was shown, or null: the handshake failed before. */
async function seen(der: Uint8Array, key: KeyObject, verdict: string | null = null): Promise<PeerCertificates | null> {
  const server = await impostor(der, key);
  let shown: PeerCertificates | null = null;
  const check = (peer: PeerCertificates) => {
    shown = peer;
    return verdict;
  };
  try {
    const tls = { mode: "implicit", serverName: NAME, rejectUnauthorized: false, check } as const;
    const transport = await connect({ host: "127.0.0.1", port: server.port, timeoutMs: 5000, tls });
    transport.destroy();
    assert.equal(verdict, null);
  } catch (error) {
    assert.ok(error instanceof ConnectError && error.kind === "tls");
    if (verdict !== null) assert.ok(error.message.includes(verdict));
  } finally {
    await server.close();
  }
  return shown;
}

Deno.test("a server that holds its key has proven it", async () => {
  const own = pair();
  const der = certificateOf(own.publicKey, own.privateKey);
  const peer = await seen(der, own.privateKey);
  assert.deepEqual(peer, { chain: [der], problem: "untrusted", keyIsProven: true });
  assert.ok(await seen(der, own.privateKey, "not this one")); // a verdict ends the handshake
});

Deno.test("a server that shows another's certificate gets nowhere, even where certificates are not judged", async () => {
  const victim = pair();
  assert.equal(await seen(certificateOf(victim.publicKey, victim.privateKey), pair().privateKey), null);
});

Deno.test("a certificate that the runtime cannot read proves no key, though DANE could read it", async () => {
  const [victim, attacker] = [pair(), pair()];
  const der = certificateOf(victim.publicKey, attacker.privateKey);
  const forged = [
    changed(der, [0x01, 0x01, 0xff], 2, 0x01), // BOOLEAN TRUE is 0xff in DER
    changed(der, [0xa0, 0x03, 0x02, 0x01], 4, 0x00), // version 1
  ];
  for (const one of forged) {
    assert.equal(readChain([one])?.length, 1);
    const peer = await seen(one, attacker.privateKey);
    assert.notEqual(peer?.keyIsProven, true);
  }
  // The first gets through the handshake: were that not so any more, the runtime looks closer than it did.
  assert.equal((await seen(forged[0]!, attacker.privateKey))?.keyIsProven, false);
});
