import assert from "node:assert/strict";
import { DMARC_OPTIONS, evaluateDmarc } from "../../../src/mailauth/dmarc/mod.ts";
import { headerFields } from "../../../src/message/header.ts";
import { runProgram } from "../../support/run_program.ts";
import { dnsOf, type Zone } from "./zone.ts";

/** The organizational domain, the policy's domain, and whether a signature of `signer` aligns. */
function walk(author: string, zone: Zone, signer = "other.test", asked: string[] = []): string {
  const fields = headerFields(`From: x@${author}\r\n`);
  const dkim = [{ method: "dkim", result: "pass", domain: signer, selector: null, identity: null }] as const;
  const { result } = runProgram(evaluateDmarc({ fields, spf: null, dkim }, DMARC_OPTIONS), {
    "dns.resolve": dnsOf(zone, asked),
  });
  return `${result.organizationalDomain} ${result.policyDomain} ${result.dkimAligned}`;
}

const NONE = ["v=DMARC1; p=none"];
const PSD = ["v=DMARC1; p=none; psd=y"];
const END = ["v=DMARC1; p=none; psd=n"];

Deno.test("the tree walk asks at most eight names", () => {
  const asked: string[] = [];
  walk("a.b.c.d.e.f.g.h.i.j.mail.example.com", {}, "other.test", asked);
  assert.deepEqual(asked, [
    "_dmarc.a.b.c.d.e.f.g.h.i.j.mail.example.com TXT",
    "_dmarc.g.h.i.j.mail.example.com TXT",
    "_dmarc.h.i.j.mail.example.com TXT",
    "_dmarc.i.j.mail.example.com TXT",
    "_dmarc.j.mail.example.com TXT",
    "_dmarc.mail.example.com TXT",
    "_dmarc.example.com TXT",
    "_dmarc.com TXT",
  ]);
});

Deno.test("the organizational domain is the shortest name with a record, or what psd says", () => {
  const table: [string, Zone, string, string][] = [
    ["a.b.example.com", {}, "b.example.com", "a.b.example.com null false"],
    ["a.b.example.com", { "_dmarc.example.com": NONE }, "c.example.com", "example.com example.com true"],
    [
      "a.b.example.com",
      { "_dmarc.example.com": NONE, "_dmarc.a.b.example.com": NONE },
      "example.com",
      "example.com a.b.example.com true",
    ],
    // RFC 9989 section 4.10.2: a walk that finds nothing in the middle still takes the shortest.
    ["a.b.example.com", { "_dmarc.b.example.com": NONE }, "example.com", "b.example.com b.example.com false"],
    ["a.mil.example", { "_dmarc.example": PSD }, "b.mil.example", "mil.example example true"],
    ["mil.example", { "_dmarc.example": PSD }, "other.example", "mil.example example false"],
    ["example", { "_dmarc.example": PSD }, "mil.example", "example example false"],
    [
      "a.b.example.com",
      { "_dmarc.b.example.com": END, "_dmarc.example.com": NONE },
      "example.com",
      "b.example.com b.example.com false",
    ],
    [
      "a.b.example.com",
      { "_dmarc.b.example.com": END, "_dmarc.example.com": NONE },
      "c.b.example.com",
      "b.example.com b.example.com true",
    ],
    // A subdomain that drew a line for itself is not the author's organization.
    [
      "example.com",
      { "_dmarc.example.com": NONE, "_dmarc.u.example.com": END },
      "u.example.com",
      "example.com example.com false",
    ],
    [
      "example.com",
      { "_dmarc.example.com": NONE, "_dmarc.u.example.com": PSD },
      "x.u.example.com",
      "example.com example.com false",
    ],
    ["[192.0.2.1]", { "_dmarc.1]": NONE }, "192.0.2.1", "[192.0.2.1] null false"],
    [
      "bücher.example",
      { "_dmarc.xn--bcher-kva.example": NONE },
      "bücher.example",
      "xn--bcher-kva.example xn--bcher-kva.example true",
    ],
  ];
  for (const [author, zone, signer, wanted] of table) assert.equal(walk(author, zone, signer), wanted, author);
});

Deno.test("the public suffix list is the fallback where a registry forgot psd", () => {
  const zone = { "_dmarc.co.uk": NONE };
  assert.equal(walk("a.example.co.uk", zone, "b.example.co.uk"), "example.co.uk co.uk true");
  assert.equal(walk("example.co.uk", zone, "evil.co.uk"), "example.co.uk co.uk false");
  assert.equal(walk("example.co.uk", zone, "co.uk"), "example.co.uk co.uk false");
  assert.equal(
    walk("mine.github.io", { "_dmarc.github.io": NONE }, "yours.github.io"),
    "mine.github.io github.io false",
  );
  // What the registry says itself counts, also against the list.
  assert.equal(walk("a.co.uk", { "_dmarc.co.uk": END }, "b.co.uk"), "co.uk co.uk true");
  // A suffix that the list does not know is taken at its word.
  assert.equal(walk("a.intranet", { "_dmarc.intranet": NONE }, "b.intranet"), "intranet intranet true");
});
