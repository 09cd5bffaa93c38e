/** The MTA-STS policy of our own domains (RFC 8461 section 3.2). */
import { createHash } from "node:crypto";
import type { Config } from "../config/mod.ts";

type PolicyConfig = Pick<Config, "hostname" | "mtaSts">;

/** The text that is served at `/.well-known/mta-sts.txt`. */
export function stsPolicy({ hostname, mtaSts: { mode, maxAge, mx: others } }: PolicyConfig): string {
  const names = mode === "none" ? [] : new Set([hostname, ...others]);
  const mx = [...names].map((name) => `mx: ${name}\r\n`).join("");
  return `version: STSv1\r\nmode: ${mode}\r\n${mx}max_age: ${Math.floor(maxAge / 1000)}\r\n`;
}

/** Section 3.1: another id for each policy, at most 32 letters and digits. */
export function stsPolicyId(config: PolicyConfig): string {
  return createHash("sha256").update(stsPolicy(config)).digest("hex").slice(0, 20);
}
