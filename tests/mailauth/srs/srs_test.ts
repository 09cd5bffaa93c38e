import assert from "node:assert/strict";
import fc from "fast-check";
import { type Address, formatAddress, parseAddress } from "../../../src/base/address.ts";
import { utf8Bytes } from "../../../src/base/bytes.ts";
import { Secret } from "../../../src/base/secret.ts";
import { decodeVerp, encodeVerp, reverseSender, rewriteSender } from "../../../src/mailauth/srs/mod.ts";

const DAY = 86_400_000;
const NOW = 20_000 * DAY;
const KEY = new Secret(utf8Bytes("the newest key"));
const OLD = new Secret(utf8Bytes("an older key"));
const at = (text: string): Address => parseAddress(text)!;
const reverse = (local: string, keys = [KEY], now = NOW): string => {
  const got = reverseSender(local, keys, now);
  return got.kind === "address" ? formatAddress(got.address) : got.kind === "refused" ? got.why : got.kind;
};

Deno.test("rewriteSender() makes SRS0, and reverseSender() reads it whatever was done to its case", () => {
  const { local, remember } = rewriteSender(at("alice+x=y@example.org"), [KEY], NOW);
  assert.match(local, /^SRS0=[a-z2-7]{8}=[a-z2-7]{2}=example\.org=alice\+x=y$/);
  assert.equal(remember, null);
  for (
    const form of [
      local,
      local.toLowerCase(),
      local.toUpperCase(),
      local.replace("SRS0=", "srs0+"),
      local.replace("SRS0=", "SRS0-"),
    ]
  ) {
    assert.equal(reverse(form).toLowerCase(), "alice+x=y@example.org", form);
  }
  assert.equal(reverse(rewriteSender(at('"a b"@bücher.example'), [KEY], NOW).local), '"a b"@xn--bcher-kva.example');
  assert.equal(reverse("alice"), "none");
  assert.equal(reverse("SRS2=a=b"), "none");
  assert.equal(reverse("SRS0"), "none");
});

Deno.test("rewriteSender() makes SRS1 of SRS0 and of SRS1, and the bounce goes to the first rewriter", () => {
  const srs0 = rewriteSender(at("a@b.test"), [OLD], NOW).local;
  const once = rewriteSender({ local: srs0, domain: "one.test" }, [KEY], NOW).local;
  assert.match(once, /^SRS1=[a-z2-7]{8}=one\.test==/);
  assert.equal(reverse(once), `${srs0}@one.test`);
  const twice = rewriteSender({ local: once, domain: "two.test" }, [OLD], NOW).local;
  assert.equal(reverse(twice, [OLD]), `${srs0}@one.test`);
  assert.equal(reverse(once.replace("one.test", "two.test")), "forged");
  // Another program's separators stand for themselves.
  const plus = rewriteSender({ local: "SRS0+ab=cd=e.test=f", domain: "g.test" }, [KEY], NOW).local;
  assert.equal(reverse(plus), "SRS0+ab=cd=e.test=f@g.test");
});

Deno.test("reverseSender() refuses what was not made here, or long ago", () => {
  const { local } = rewriteSender(at("a@b.test"), [KEY], NOW);
  for (let i = 5; i < local.length; i++) {
    const changed = local.slice(0, i) + (local[i] === "x" ? "y" : "x") + local.slice(i + 1);
    const result = reverse(changed);
    assert(result === "forged" || result === "malformed", `${changed}: ${result}`);
  }
  assert.equal(reverse(local, [OLD]), "forged");
  assert.equal(reverse(local, [KEY], NOW + 21 * DAY), "a@b.test");
  assert.equal(reverse(local, [KEY], NOW + 22 * DAY), "expired");
  assert.equal(reverse(local, [KEY], NOW - DAY), "a@b.test"); // a clock that is behind
  assert.equal(reverse(local, [KEY], NOW - 2 * DAY), "expired");
  const late = rewriteSender(at("a@b.test"), [KEY], 1023 * DAY).local;
  assert.equal(reverse(late, [KEY], 1030 * DAY), "a@b.test");
  for (
    const broken of [
      "SRS0=",
      "SRS0=a=b",
      "SRS0=a",
      "SRS1=",
      "SRS1=a",
      "SRS1=a=",
      "SRS1=a=b=",
      "SRS1=a=b=c",
      "SRS0=" + "a".repeat(600),
    ]
  ) {
    assert.equal(reverse(broken), "malformed", broken);
  }
  assert.equal(reverse("SRS0=a=b=c.test=d"), "forged");
});

Deno.test("keys are changed without losing bounces: the newest signs, all are accepted", () => {
  const before = rewriteSender(at("a@b.test"), [OLD], NOW).local;
  const after = rewriteSender(at("a@b.test"), [KEY, OLD], NOW).local;
  assert.notEqual(before, after);
  assert.equal(reverse(before, [KEY, OLD]), "a@b.test");
  assert.equal(reverse(after, [KEY]), "a@b.test");
  assert.equal(reverse(before, [KEY]), "forged");
  assert.throws(() => rewriteSender(at("a@b.test"), [], NOW), RangeError);
});

Deno.test("rewriteSender() never makes more than 64 octets: what does not fit is remembered", () => {
  const long = at(`${"a".repeat(60)}@${"b".repeat(40)}.example`);
  const fits = at(`${"a".repeat(64 - "SRS0=12345678=12=b.test=".length)}@b.test`);
  assert.equal(rewriteSender(fits, [KEY], NOW).local.length, 64);
  const more = rewriteSender({ ...fits, local: fits.local + "a" }, [KEY], NOW);
  assert(more.remember !== null && more.local.length <= 64);
  const first = rewriteSender(long, [KEY], NOW);
  const second = rewriteSender(long, [KEY], NOW + DAY);
  assert.deepEqual(first.remember!.address, long);
  assert.equal(first.remember!.until, NOW + 22 * DAY);
  assert.equal(second.remember!.key, first.remember!.key);
  assert.deepEqual(reverseSender(first.local.toUpperCase(), [KEY], NOW), {
    kind: "remembered",
    key: first.remember!.key,
  });
  assert.equal(reverse(first.local, [KEY], NOW + 30 * DAY), "expired");
  assert.equal(reverse(first.local.replace("==", "==a")), "forged");
});

const localPart = fc.oneof(
  fc.stringMatching(/^[a-z0-9!#$%&'*+/=?^_`{|}~-]{1,30}$/),
  fc.string({ unit: "grapheme-ascii", minLength: 1, maxLength: 80 }),
  fc.constantFrom("SRS0=x", "SRS0=abcdefgh=aa=b.test=c", "SRS1=a=b==c=d=e=f", "jürgen", "a=b=c"),
);
const domain = fc.stringMatching(/^[a-z0-9]{1,20}(\.[a-z]{2,10}){1,3}$/);

Deno.test("reverseSender() gives back what rewriteSender() was given, within 64 octets", () => {
  fc.assert(
    fc.property(localPart, domain, fc.nat(5000), (local, domain, day) => {
      const { local: ours, remember } = rewriteSender({ local, domain }, [KEY], day * DAY);
      assert(utf8Bytes(ours).length <= 64);
      const back = reverseSender(ours, [KEY, OLD], day * DAY);
      if (remember !== null) return assert.deepEqual(back, { kind: "remembered", key: remember.key });
      assert(back.kind === "address", JSON.stringify(back));
      if (/^SRS[01][=+-]/i.test(local)) assert.match(back.address.local, /^SRS0/i);
      else assert.deepEqual(back.address, { local, domain });
    }),
    { seed: 64, numRuns: 1000 },
  );
});

Deno.test("reverseSender() never throws", () => {
  const piece = fc.constantFrom("SRS0", "SRS1", "=", "==", "+", "a", "aa", "b.test", "é", " ", "\0");
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
      reverse(pieces.join(""));
    }),
    { numRuns: 500 },
  );
});

Deno.test("decodeVerp() gives back what encodeVerp() was given", () => {
  assert.equal(encodeVerp("bounces", at("alice=x@example.org")), "bounces+alice=x=example.org");
  assert.equal(encodeVerp("b", at("a@bücher.example"), "-"), "b-a=xn--bcher-kva.example");
  assert.equal(encodeVerp("b", at("a@[192.0.2.1]")), null);
  assert.equal(encodeVerp("b", at(`${"a".repeat(51)}@example.org`)), null);
  assert.equal(encodeVerp("b", at(`${"a".repeat(50)}@example.org`))!.length, 64);
  for (
    const local of [
      "bounces",
      "bounces+",
      "bounces+alice",
      "bounces+=example.org",
      "bounces+a=",
      "bounces+a=b c",
      "other+a=b.test",
      "bounce+a=b.test",
    ]
  ) {
    assert.equal(decodeVerp("bounces", local), null, local);
  }
  assert.deepEqual(decodeVerp("bounces", "BOUNCES+a=b.test"), { local: "a", domain: "b.test" });
  const plain = fc.string({ unit: "grapheme-ascii", minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(plain, domain, (local, domain) => {
      const encoded = encodeVerp("list-bounces", { local, domain });
      if (encoded !== null) assert.deepEqual(decodeVerp("list-bounces", encoded), { local, domain });
    }),
    { seed: 7, numRuns: 300 },
  );
});
