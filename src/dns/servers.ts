/** Which servers are asked: named ones, else those of /etc/resolv.conf. */
import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import { parseDigits } from "../base/ascii.ts";

const RESOLV_CONF = "/etc/resolv.conf";

export interface ServerAddress {
  readonly address: string;
  readonly port: number;
  /** Whether its AD bit is believed. */
  readonly trusted: boolean;
}

/** The format of `dns.servers`: `192.0.2.1`, `192.0.2.1:5353`, `2001:db8::1`, `[2001:db8::1]:53`. Null for anything else. */
export function parseServer(text: string): { address: string; port: number } | null {
  if (isIP(text) !== 0) return { address: text, port: 53 };
  const colon = text.lastIndexOf(":");
  if (colon < 1) return null;
  const port = parseDigits(text.slice(colon + 1), 65535);
  let address = text.slice(0, colon);
  if (address.startsWith("[") && address.endsWith("]")) address = address.slice(1, -1);
  return port !== null && port > 0 && isIP(address) !== 0 ? { address, port } : null;
}

/** The `nameserver` lines of a resolv.conf; at most three, as resolv.conf(5) has it. */
export function parseResolvConf(text: string): string[] {
  const found: string[] = [];
  for (const line of text.split("\n")) {
    const words = line.split(/[ \t\r]+/).filter((word) => word !== "");
    const address = words[0] === "nameserver" ? words[1] : undefined;
    if (address !== undefined && isIP(address) !== 0 && found.length < 3) found.push(address);
  }
  return found;
}

/**
 * The servers with their ports. Throws where a named one is no address: a wrong configuration, told at the start.
 * `trusted` names servers as `servers` does.
 */
export function serverAddresses(named: readonly string[] | undefined, trusted: readonly string[]): ServerAddress[] {
  const texts = named && named.length > 0 ? named : systemServers();
  const believed = trusted.map((text) => required(text).address);
  return texts.map((text) => {
    const server = required(text);
    return { ...server, trusted: isLoopback(server.address) || believed.includes(server.address) };
  });
}

function required(text: string): { address: string; port: number } {
  const server = parseServer(text);
  if (!server) throw new Error(`"${text}" is no name server: give an IP address, with a port where it is not 53`);
  return server;
}

function systemServers(): string[] {
  let text = "";
  try {
    // Asking for a permission that was not given would stop at a prompt.
    if (Deno.permissions.querySync({ name: "read", path: RESOLV_CONF }).state === "granted") {
      text = readFileSync(RESOLV_CONF, "utf8");
    }
  } catch {
    // resolv.conf(5): without the file, the server on this machine
  }
  const found = parseResolvConf(text);
  return found.length > 0 ? found : ["127.0.0.1"];
}

function isLoopback(address: string): boolean {
  return address.startsWith("127.") || address === "::1";
}
