import assert from "node:assert/strict";
import { silentBecause } from "../../../src/mda/mod.ts";

const field = (results: string) => `Authentication-Results: mail.example.org;\r\n\t${results}\r\nReceived: x\r\n`;

Deno.test("silentBecause() says who may be answered, by the first Authentication-Results", () => {
  const cases: readonly (readonly [string, boolean, RegExp | null])[] = [
    ["Received: x\r\n", false, null],
    ["Received: x\r\n", true, /spam/],
    [field("spf=pass smtp.mailfrom=a;\r\n\tdmarc=pass header.from=a"), false, null],
    [field("spf=fail smtp.mailfrom=a;\r\n\tdmarc=pass header.from=a"), false, null],
    [field("spf=fail smtp.mailfrom=a; dmarc=none"), false, /SPF/],
    [field("spf=softfail smtp.mailfrom=a; dmarc=none"), false, /SPF/],
    [field("spf=neutral smtp.mailfrom=a; dmarc=none"), false, null],
    [field("spf=pass smtp.mailfrom=a; dmarc=fail header.from=b"), false, /DMARC/],
    [field("dkim=pass header.d=spf=fail.example; spf=none"), false, null],
    // What the message itself brought stands behind ours.
    [field("spf=pass; dmarc=none") + field("dmarc=fail"), false, null],
  ];
  for (const [fields, junk, wanted] of cases) {
    const said = silentBecause(fields, junk);
    if (wanted === null) assert.equal(said, null, fields);
    else assert.match(said ?? "", wanted, fields);
  }
});
