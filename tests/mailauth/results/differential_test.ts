/**
 * Fields that another implementation (`mailauth`) writes for hostile HELOs and senders, read by ours. No differences are
 * intended: both must see the same methods with the same results, whatever the client called itself.
 */
import assert from "node:assert/strict";
import { authenticate } from "mailauth";
import { parseAuthenticationResults } from "../../../src/mailauth/results/mod.ts";
import { headerFields } from "../../../src/message/header.ts";

type Oracle = { headers: string; spf: { status: { result: string } }; dmarc: { status: { result: string } } | false };
const oracle = authenticate as unknown as (message: string, options: unknown) => Promise<Oracle>;

const PIECES = [
  "a",
  "mail.example.org",
  '"',
  "; dmarc=pass",
  "\\",
  "(",
  ")",
  " ",
  "@",
  "=",
  ".",
  "é",
  "[192.0.2.1]",
  "x".repeat(50),
];

Deno.test("parseAuthenticationResults() reads what another implementation writes, whatever a client says", async () => {
  let state = 8601;
  const below = (n: number) => (state = (state * 1103515245 + 12345) % 2147483648) % n;
  const text = () => Array.from({ length: 1 + below(5) }, () => PIECES[below(PIECES.length)]!).join("");
  const notFound = () => Promise.reject(Object.assign(new Error("none"), { code: "ENOTFOUND" }));
  for (let i = 0; i < 300; i++) {
    const options = {
      ip: "192.0.2.1",
      helo: text(),
      sender: text(),
      mta: "mx.example.org",
      resolver: notFound,
      disableBimi: true,
    };
    const theirs = await oracle("From: a@example.com\r\n\r\nx\r\n", { ...options, strict: i % 2 === 0 });
    const field = headerFields(theirs.headers).find(({ name }) => name === "authentication-results")!;
    const ours = parseAuthenticationResults(field.raw);
    assert(!("malformed" in ours), `${field.raw} ${JSON.stringify(ours)}`);
    assert.equal(ours.authservId, "mx.example.org");
    const methods = ours.results.map(({ method, result }) => `${method}=${result}`);
    const wanted = ["dkim=none", `spf=${theirs.spf.status.result}`];
    if (theirs.dmarc) wanted.push(`dmarc=${theirs.dmarc.status.result}`);
    assert.deepEqual(methods.filter((method) => !method.startsWith("arc=")).sort(), wanted.sort(), field.raw);
  }
});
