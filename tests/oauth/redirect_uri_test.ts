import assert from "node:assert/strict";
import fc from "fast-check";
import { formTarget, isRedirectUri, Parameters, placeOf, readScope } from "../../src/oauth/mod.ts";

Deno.test("a redirect URI leads, as browsers read it, to where people are told", () => {
  const piece = fc.constantFrom(
    ..."https:// http:// // / \\ @ : # ? & = % . .. [ ] ::1 127.0.0.1 localhost evil.example client.example 443 80 xn-- %2f %00 \t \n ä ; , javascript: org.example.app: user"
      .split(" "),
  );
  let taken = 0;
  fc.assert(
    fc.property(fc.array(piece, { minLength: 1, maxLength: 8 }), fc.boolean(), (pieces, https) => {
      const text = (https ? "https://client.example" : "") + pieces.join("");
      if (!isRedirectUri(text)) return;
      taken++;
      const url = new URL(text); // what is taken is a URL
      assert.deepEqual([url.username, url.password, url.hash], ["", "", ""], text);
      assert.ok(!["javascript:", "data:", "file:", "blob:", "about:"].includes(url.protocol), text);
      if (url.protocol === "https:") {
        const shown = placeOf(text).replace(/:443$/, "");
        assert.equal(shown, url.host, text);
        assert.equal(new URL(formTarget(text)).origin, url.origin, text);
      } else if (url.protocol === "http:") {
        assert.ok(["127.0.0.1", "[::1]", "localhost"].includes(url.hostname), text);
        assert.equal(new URL(formTarget(text)).origin, url.origin, text);
      } else assert.equal(formTarget(text), url.protocol, text);
      // Nothing of it may end a directive of a policy, or a header.
      assert.ok(!/[\s;,]/.test(formTarget(text)), text);
    }),
    { numRuns: 20_000 },
  );
  assert.ok(taken > 50, String(taken));
});

Deno.test("scopes: unknown words are left out, whatever they are called", () => {
  assert.deepEqual(readScope("imap __proto__ constructor imap jmap")?.words, ["imap", "jmap"]);
  assert.equal(readScope("offline_access"), null);
  assert.equal(readScope("admin"), null);
  assert.deepEqual(readScope(null)?.doors, ["imap", "pop3", "submission", "sieve", "jmap"]);
  assert.deepEqual(readScope("urn:ietf:params:oauth:scope:mail offline_access")?.offline, true);
});

Deno.test("parameters: at most once, not too long, not too many", () => {
  const of = (text: string) => new Parameters(new URLSearchParams(text));
  assert.deepEqual([of("a=1&b=").get("a"), of("a=1&b=").get("b"), of("a=1").problem], ["1", null, null]);
  assert.equal(of("a=1&a=1").problem?.error, "invalid_request");
  assert.equal(of("a=1&a=2").get("a"), null);
  assert.equal(of("resource=x&resource=y").problem, null);
  assert.equal(of(`a=${"x".repeat(2001)}`).get("a"), null);
  assert.equal(of(Array.from({ length: 60 }, (_, i) => `p${i}=1`).join("&")).problem?.error, "invalid_request");
  assert.equal(of("__proto__=1").get("__proto__"), "1");
  assert.equal(of("x=1").get("constructor"), null);
});
