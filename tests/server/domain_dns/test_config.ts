/** A configuration with a server for everything, as `domain dns` knows it. */
import { type Config, parseConfig } from "../../../src/server/config/mod.ts";

/** `more`: keys of a configuration file, in place of these. */
export function testConfig(more: Record<string, unknown> = {}): Config {
  const raw = {
    hostname: "mail.example.org",
    dataDir: "/nonexistent",
    listeners: [
      { protocol: "smtp", address: "0.0.0.0", port: 25, tls: "starttls" },
      { protocol: "submission", address: "0.0.0.0", port: 465, tls: "implicit" },
      { protocol: "submission", address: "0.0.0.0", port: 587, tls: "starttls" },
      { protocol: "imap", address: "0.0.0.0", port: 993, tls: "implicit" },
    ],
    readReports: true,
    ...more,
  };
  const parsed = parseConfig(raw as never, "/nonexistent");
  if (!("hostname" in parsed)) throw new Error(JSON.stringify(parsed));
  return parsed;
}

export const TEST_CONFIG: Config = testConfig();
