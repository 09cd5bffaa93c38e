/**
 * HTTPS to a place that a stranger names: the host of an MTA-STS policy, a collector of TLS reports, a push service, a
 * webhook.
 *
 * Rules: names are looked up by our resolver and the connection goes to the address that was judged, so that no second
 * answer leads elsewhere; addresses that are not of the public Internet are refused; the certificate must be good for the
 * name; no redirect is followed; everything ends at the caller's signal.
 */
import { type IncomingMessage, request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { isIP } from "node:net";
import type { DnsAnswer, DnsType } from "../../contract/mod.ts";
import { isPrivateAddress } from "../../mta/queue/addresses.ts";

/** Asks a URL; `init` counts as far as it has a method, headers, octets and a signal. */
export type OutwardRequest = (url: string, init: RequestInit) => Promise<Response>;

export interface OutwardOptions {
  readonly resolve: (name: string, type: DnsType) => Promise<DnsAnswer>;
  /** True: also into private networks and to this machine. */
  readonly privateAddresses: boolean;
  /** True: also without TLS, where the URL says so. */
  readonly plain?: boolean;
  /** PEM certificates to trust, in place of the runtime's. */
  readonly ca?: string;
}

/** Why nobody was asked. */
export class OutwardRefusal extends Error {
  override readonly name = "OutwardRefusal";
}

/** Addresses that are tried, and the time until one of them answers with a header. */
const MOST_ADDRESSES = 4;
const ANSWER_MS = 20_000;

/** Rejects with `OutwardRefusal` for what must not be asked, else with the error of the connection. */
export function outwardRequest(options: OutwardOptions): OutwardRequest {
  return async (text, init) => {
    const url = new URL(text);
    const isWeb = url.protocol === "https:" || (options.plain === true && url.protocol === "http:");
    if (!isWeb || url.username !== "" || url.password !== "") {
      throw new OutwardRefusal(`${text.slice(0, 200)} is nothing to be asked over HTTPS`);
    }
    const signal = init.signal ?? AbortSignal.timeout(ANSWER_MS);
    let last: unknown;
    for (const address of await addressesOf(url.hostname, options)) {
      signal.throwIfAborted();
      try {
        return await ask(url, address, init, signal, options.ca);
      } catch (error) {
        last = error;
        if (isAboutTls(error)) break; // the next one would show the same
      }
    }
    throw last;
  };
}

async function addressesOf(hostname: string, options: OutwardOptions): Promise<string[]> {
  const bare = hostname.replace(/^\[|\]$/g, "");
  const found = isIP(bare) !== 0 ? [bare] : await lookedUp(bare, options.resolve);
  const allowed = found.filter((address) => options.privateAddresses || !isPrivateAddress(address));
  if (found.length === 0) throw new OutwardRefusal(`${bare} has no address`);
  if (allowed.length === 0) throw new OutwardRefusal(`${bare} (${found[0]}) is not on the public Internet`);
  return allowed.slice(0, MOST_ADDRESSES);
}

async function lookedUp(name: string, resolve: OutwardOptions["resolve"]): Promise<string[]> {
  const answers = await Promise.all((["A", "AAAA"] as const).map((type) => resolve(name, type)));
  return answers.flatMap((answer) =>
    answer.kind === "ok" ? answer.records.flatMap((one) => "address" in one ? [one.address] : []) : []
  );
}

function ask(url: URL, address: string, init: RequestInit, signal: AbortSignal, ca?: string): Promise<Response> {
  const body = init.body instanceof Uint8Array ? init.body : null;
  const { promise, resolve, reject } = Promise.withResolvers<Response>();
  const isPlain = url.protocol === "http:";
  const sent = (isPlain ? httpRequest : httpsRequest)({
    host: address,
    port: url.port === "" ? (isPlain ? 80 : 443) : Number(url.port),
    // RFC 6066 section 3: no literal addresses in SNI.
    ...(isIP(url.hostname) === 0 ? { servername: url.hostname } : {}),
    ...(ca === undefined ? {} : { ca: [ca] }),
    path: url.pathname + url.search,
    method: init.method ?? "GET",
    headers: {
      ...Object.fromEntries(new Headers(init.headers)),
      host: url.host,
      connection: "close",
      ...(body === null ? {} : { "content-length": String(body.length) }),
    },
    agent: false,
    minVersion: "TLSv1.2",
  });
  const stop = (): void => void sent.destroy(new Error("the time is over"));
  const timer = setTimeout(() => sent.destroy(new Error(`no answer from ${address}`)), ANSWER_MS);
  signal.addEventListener("abort", stop, { once: true });
  sent.on("response", (message) => {
    clearTimeout(timer);
    message.on("close", () => signal.removeEventListener("abort", stop));
    try {
      resolve(responseOf(message));
    } catch (error) {
      message.destroy();
      reject(error); // a status that is none
    }
  });
  sent.on("error", (error) => {
    clearTimeout(timer);
    signal.removeEventListener("abort", stop);
    reject(error);
  });
  sent.end(body ?? undefined);
  return promise;
}

/** Read no further than somebody asks. */
function responseOf(message: IncomingMessage): Response {
  const status = message.statusCode ?? 0;
  const headers = new Headers();
  for (const name of ["content-type", "retry-after"]) {
    const value = message.headers[name];
    if (typeof value === "string") headers.set(name, value);
  }
  if (status === 204 || status === 205 || status === 304) {
    message.destroy();
    return new Response(null, { status, headers });
  }
  const chunks = message[Symbol.asyncIterator]();
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      const { value, done } = await chunks.next();
      if (done) controller.close();
      else controller.enqueue(new Uint8Array(value));
    },
    cancel: () => void message.destroy(),
  }, { highWaterMark: 0 });
  return new Response(body, { status, headers });
}

function isAboutTls(error: unknown): boolean {
  return error instanceof Error && /certificate|handshake/i.test(error.message);
}
