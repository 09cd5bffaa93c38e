import type { Config, ListenerConfig } from "../server/config/mod.ts";

/** What the banner tells besides the configuration. */
export interface BannerFacts {
  readonly version: string;
  /** Where it listens in fact. */
  readonly listeners: readonly ListenerConfig[];
  /** The certificate of the demo's own authority, or null. */
  readonly caFile: string | null;
  readonly adminToken: string;
}

/** The demo's welcome: what runs where, who is there, and a line to paste for each thing one would try first. */
export function banner(config: Config, facts: BannerFacts): string {
  const port = (protocol: string, tls: string) =>
    facts.listeners.find((one) => one.protocol === protocol && one.tls === tls)?.port;
  const lines = [
    `Palomar ${facts.version} runs as ${config.hostname}. The demo is on loopback only and sends nothing out.`,
    "",
  ];
  for (const { protocol, address, port, path, tls } of facts.listeners) {
    lines.push(`  ${protocol.padEnd(12)}${(path ?? `${address}:${port}`).padEnd(18)}${TLS_WORDS[tls]}`);
  }
  lines.push("");
  const people = config.demo?.accounts ?? [];
  for (const one of people) lines.push(`  ${one.address}, password ${one.password.reveal()}`);
  lines.push("", `  Data         ${config.dataDir}`);
  if (facts.caFile !== null) lines.push(`  Authority    ${facts.caFile}`);
  lines.push(`  Admin token  ${facts.adminToken}`, "");
  const [one, two] = people;
  const ca = facts.caFile === null ? "-k" : `--cacert ${quote(facts.caFile)}`;
  const [send, read, fetch, http] = [
    port("submission", "implicit"),
    port("imap", "implicit"),
    port("pop3", "implicit"),
    port("http", "none"),
  ];
  const login = two === undefined ? "" : quote(`${two.address}:${two.password.reveal()}`);
  if (one !== undefined && two !== undefined && send !== undefined) {
    const text =
      `From: ${one.address}\\r\\nTo: ${two.address}\\r\\nSubject: Hello\\r\\n\\r\\nA pigeon came home.\\r\\n`;
    lines.push(
      "  Send a message:",
      `    printf '${text}' | curl -sS ${ca} smtps://127.0.0.1:${send} -u ${
        quote(`${one.address}:${one.password.reveal()}`)
      } --mail-from ${one.address} --mail-rcpt ${two.address} -T -`,
    );
  }
  if (two !== undefined && read !== undefined) {
    lines.push("  Read it over IMAP:", `    curl -sS ${ca} -u ${login} 'imaps://127.0.0.1:${read}/INBOX;MAILINDEX=1'`);
  }
  if (two !== undefined && fetch !== undefined) {
    lines.push("  Fetch it over POP3:", `    curl -sS ${ca} -u ${login} pop3s://127.0.0.1:${fetch}/1`);
  }
  if (http !== undefined) {
    lines.push(
      "  See the accounts over HTTP:",
      `    curl -sS -H 'Authorization: Bearer ${facts.adminToken}' http://127.0.0.1:${http}/api/v1/accounts`,
    );
  }
  return lines.join("\n") + "\n\nCtrl-C stops it.\n";
}

const TLS_WORDS = { none: "", starttls: "STARTTLS", implicit: "TLS" } as const;

/** A word of the shell. */
function quote(text: string): string {
  return /^[A-Za-z0-9_.\/:@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
