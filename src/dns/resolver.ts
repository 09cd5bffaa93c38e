import { getRandomValues } from "node:crypto";
import { lowerAscii } from "../base/ascii.ts";
import type { DnsAnswer, DnsType } from "../contract/mod.ts";
import { answerCache } from "./cache.ts";
import { CHAIN_LIMIT, follow } from "./chain.ts";
import { dnsName, mixCase } from "./name.ts";
import { askTcp, askUdp } from "./query.ts";
import { type ServerAddress, serverAddresses } from "./servers.ts";
import { decodeResponse, encodeQuestion, type Question, type Response } from "./wire.ts";

/** Asks the DNS. */
export interface Resolver {
  /** Never rejects: what went wrong is the answer `tempfail`. The name may be Unicode and end with a dot. */
  resolve(name: string, type: DnsType): Promise<DnsAnswer>;
  /** Forgets the cache; questions that are under way end by themselves, later ones are `tempfail`. */
  close(): void;
}

/** Whom to ask, and how long. */
export interface ResolverOptions {
  /** `127.0.0.1`, `127.0.0.1:53`, `[::1]:53`; default: those of /etc/resolv.conf. */
  readonly servers?: readonly string[];
  /** For one try at one server. */
  readonly timeoutMs?: number;
  /** Servers whose AD bit is believed besides those on this machine: the way to them must be safe from forgers. */
  readonly trusted?: readonly string[];
  /** Answers kept; default 10,000. */
  readonly cacheSize?: number;
  /** Monotonic milliseconds. */
  readonly now?: () => number;
}

const ROUNDS = 2;
/** Questions on the wire at the same time; more wait their turn. */
const AT_ONCE = 256;
const LOCALHOST_TTL = 3600;

/** Makes a stub resolver. Throws where a named server is no address. */
export function createResolver(options: ResolverOptions = {}): Resolver {
  const servers = serverAddresses(options.servers, options.trusted ?? []);
  const timeoutMs = options.timeoutMs ?? 3000;
  const now = options.now ?? (() => performance.now());
  const cache = answerCache(options.cacheSize ?? 10_000);
  const underWay = new Map<string, Promise<DnsAnswer>>();
  const gate = turnstile(AT_ONCE);
  let closed = false;

  const lookUp = async (key: string, name: string, type: DnsType): Promise<DnsAnswer> => {
    await gate.enter();
    try {
      const answer = await resolveChain(servers, timeoutMs, name, type);
      if (!closed) cache.put(key, answer, now());
      return answer;
    } finally {
      gate.leave();
      underWay.delete(key);
    }
  };

  return {
    resolve(text, type) {
      if (closed) return Promise.resolve({ kind: "tempfail", reason: "the resolver is closed" });
      const name = dnsName(text);
      // A name that DNS cannot hold does not exist, for ever.
      if (name === null) return Promise.resolve({ kind: "nxdomain", authenticated: false, ttl: 0 });
      const local = localhost(name, type);
      if (local) return Promise.resolve(local);
      const key = `${type} ${name}`;
      const kept = cache.get(key, now());
      if (kept) return Promise.resolve(kept);
      let answer = underWay.get(key);
      if (!answer) {
        answer = lookUp(key, name, type);
        underWay.set(key, answer);
      }
      return answer;
    },
    close() {
      closed = true;
      cache.clear();
    },
  };
}

/** RFC 6761 section 6.3: `localhost` is known without asking. */
function localhost(name: string, type: DnsType): DnsAnswer | null {
  if (name !== "localhost" && !name.endsWith(".localhost")) return null;
  if (type !== "A" && type !== "AAAA") return { kind: "nodata", authenticated: false, ttl: LOCALHOST_TTL };
  return {
    kind: "ok",
    records: [{ type, address: type === "A" ? "127.0.0.1" : "::1" }],
    canonicalName: name,
    authenticated: false,
    ttl: LOCALHOST_TTL,
  };
}

/** Asks until the chain of CNAMEs ends; every further question counts against the same limit. */
async function resolveChain(
  servers: readonly ServerAddress[],
  timeoutMs: number,
  name: string,
  type: DnsType,
): Promise<DnsAnswer> {
  let at = name;
  let ttl = Infinity;
  let authenticated = true;
  for (let questions = 0; questions < CHAIN_LIMIT; questions++) {
    const asked = await askServers(servers, timeoutMs, at, type);
    if ("reason" in asked) return { kind: "tempfail", reason: asked.reason };
    authenticated &&= asked.authenticated;
    const found = follow(at, type, asked.response);
    switch (found.kind) {
      case "loop":
        return { kind: "tempfail", reason: `the CNAMEs of ${name} lead nowhere` };
      case "elsewhere":
        if (dnsName(found.name) === null) {
          return { kind: "tempfail", reason: `${name} is an alias of a name that cannot be` };
        }
        at = found.name;
        ttl = Math.min(ttl, found.ttl);
        continue;
      case "none":
        return {
          kind: asked.response.rcode === "NXDOMAIN" ? "nxdomain" : "nodata",
          authenticated,
          ttl: Math.min(ttl, found.ttl),
        };
      case "records":
        return {
          kind: "ok",
          records: found.records,
          canonicalName: found.name,
          authenticated,
          ttl: Math.min(ttl, found.ttl),
        };
    }
  }
  return { kind: "tempfail", reason: `the CNAMEs of ${name} go on and on` };
}

interface Asked {
  readonly response: Response;
  readonly authenticated: boolean;
}

/** Every server in turn, twice, until one gives a NOERROR or NXDOMAIN. */
async function askServers(
  servers: readonly ServerAddress[],
  timeoutMs: number,
  name: string,
  type: DnsType,
): Promise<Asked | { readonly reason: string }> {
  let reason = "no name server";
  for (let round = 0; round < ROUNDS; round++) {
    for (const server of servers) {
      try {
        const response = await askServer(server, timeoutMs, name, type);
        if (response.rcode !== "other") {
          return { response, authenticated: response.authenticData && server.trusted };
        }
        reason = `${server.address} answered ${response.rcodeText}`;
      } catch (error) {
        reason = `${server.address}: ${error instanceof Error ? error.message : String(error)}`;
      }
    }
  }
  return { reason: `${name} ${type}: ${reason}` };
}

async function askServer(
  server: ServerAddress,
  timeoutMs: number,
  name: string,
  type: DnsType,
): Promise<Response> {
  const response = await askOnce(server, timeoutMs, newQuestion(name, type, true));
  // RFC 6891 section 7: a server from before EDNS says FORMERR (or NOTIMP); ask it the old way.
  return response.formatError ? await askOnce(server, timeoutMs, newQuestion(name, type, false)) : response;
}

function newQuestion(name: string, type: DnsType, edns: boolean): Question {
  const random = getRandomValues(new Uint8Array(2 + 32));
  return { id: (random[0]! << 8) | random[1]!, name: mixCase(name, random.subarray(2)), type, edns };
}

async function askOnce(server: ServerAddress, timeoutMs: number, question: Question): Promise<Response> {
  const octets = encodeQuestion(question);
  const received = await askUdp(
    server,
    octets,
    timeoutMs,
    (bytes) => decodeResponse(bytes, question).kind !== "foreign",
  );
  const decoded = decodeResponse(received, question);
  if (decoded.kind === "response" && !decoded.response.truncated) return decoded.response;
  // Truncated, broken, or the case was lost: TCP says it whole, and cannot be forged from afar.
  const whole = decodeResponse(await askTcp(server, octets, timeoutMs), question);
  if (whole.kind === "response") return whole.response;
  if (whole.kind === "caseLost") return await askLowerCase(server, timeoutMs, question);
  throw new Error("an answer that makes no sense");
}

/** A server that answers in lower case whatever it was asked. Over TCP the case is not needed. */
async function askLowerCase(server: ServerAddress, timeoutMs: number, question: Question): Promise<Response> {
  const lower = { ...question, name: lowerAscii(question.name) };
  const decoded = decodeResponse(await askTcp(server, encodeQuestion(lower), timeoutMs), lower);
  if (decoded.kind !== "response") throw new Error("an answer that makes no sense");
  return decoded.response;
}

/** Lets `limit` in at a time; the others wait in order. */
function turnstile(limit: number): { enter(): Promise<void>; leave(): void } {
  let inside = 0;
  const waiting: (() => void)[] = [];
  return {
    async enter() {
      if (inside < limit) inside++;
      else await new Promise<void>((resolve) => waiting.push(resolve));
    },
    leave() {
      const next = waiting.shift();
      if (next) next();
      else inside--;
    },
  };
}
