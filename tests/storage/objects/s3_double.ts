/**
 * A store of objects in memory that speaks S3 as its manual says: it checks signatures (version 4) from the octets that
 * came, hashes of bodies, sizes of parts, tags; and it breaks in all ways that a test tells it to.
 */
import { createHash, createHmac } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What a request meets instead of its answer. */
export type Fault =
  | { readonly status: number; readonly code?: string; readonly headers?: Readonly<Record<string, string>> }
  /** The connection ends after so many octets of the body of the answer. */
  | { readonly tear: number }
  /** The request is done, and its answer never comes. */
  | { readonly lose: true }
  /** Nothing is said, for ever. */
  | { readonly silent: true }
  /** The answer comes an octet at a time. */
  | { readonly drip: true }
  /** Ranges are not understood. */
  | { readonly whole: true };

export interface Seen {
  readonly method: string;
  readonly key: string;
  readonly query: URLSearchParams;
  readonly range: string | null;
  readonly octets: number;
}

interface Kept {
  readonly octets: Uint8Array;
  at: number;
}

interface Begun {
  readonly key: string;
  at: number;
  readonly parts: Map<number, { octets: Uint8Array; tag: string }>;
}

const REGION = "test-1";

export class S3Double {
  readonly objects = new Map<string, Kept>();
  readonly uploads = new Map<string, Begun>();
  /** Requests, in their order. */
  readonly seen: Seen[] = [];
  /** Asked at each request. */
  fault: (seen: Seen) => Fault | null = () => null;
  /** Milliseconds that its clock is before ours; for what is old. */
  ahead = 0;
  page = 1000;
  /** The least of a part that is not the last. */
  part = 5 * 1024 * 1024;
  #options: { endpoint: string } | null = null;
  readonly #server = createServer((request, response) => void this.#serve(request, response));
  readonly #silent: ServerResponse[] = [];
  #count = 0;

  /** Starts one, with the bucket `mail`. */
  static async start(): Promise<S3Double> {
    const double = new S3Double();
    await new Promise<void>((resolve) => double.#server.listen(0, "127.0.0.1", resolve));
    return double;
  }

  get options() {
    this.#options ??= { endpoint: `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}` };
    return {
      ...this.#options,
      bucket: "mail",
      region: REGION,
      accessKeyId: "key",
      secretAccessKey: "a secret/with+signs",
      timeoutMs: 2000,
    };
  }

  /** Names of bodies. */
  get bodies(): string[] {
    return [...this.objects.keys()].filter((key) => key.includes("bodies/"));
  }

  /** Those of this method since the last call. */
  take(method: string): Seen[] {
    return this.seen.splice(0).filter((one) => one.method === method);
  }

  async stop(): Promise<void> {
    for (const response of this.#silent) response.destroy();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const pieces: Uint8Array[] = [];
    try {
      for await (const piece of request) pieces.push(piece);
    } catch {
      return; // the client went away
    }
    const body = Buffer.concat(pieces);
    const url = new URL(request.url!, "http://host");
    const [, bucket, ...rest] = url.pathname.split("/");
    const seen: Seen = {
      method: request.method!,
      key: rest.join("/"),
      query: url.searchParams,
      range: request.headers.range ?? null,
      octets: body.length,
    };
    this.seen.push(seen);
    const fault = this.fault(seen);
    if (fault && "silent" in fault) return void this.#silent.push(response);
    const refuse = (status: number, code: string, headers: Readonly<Record<string, string>> = {}) => {
      const text = `<?xml version="1.0"?><Error><Code>${code}</Code><Message>a &lt;test&gt; says so</Message></Error>`;
      response.writeHead(status, headers).end(request.method === "HEAD" ? undefined : text);
    };
    if (fault && "status" in fault) return refuse(fault.status, fault.code ?? "InternalError", fault.headers);
    const wrong = signatureFault(request, url, body, this.options.accessKeyId, this.options.secretAccessKey);
    if (wrong) return refuse(wrong === "AuthorizationHeaderMalformed" ? 400 : 403, wrong);
    if (bucket !== "mail") return refuse(404, "NoSuchBucket");
    response.setHeader("date", new Date(Date.now() + this.ahead).toUTCString());
    const answer = this.#answer(seen, body);
    if (typeof answer === "string") return refuse(STATUS[answer]!, answer);
    if (fault && "lose" in fault) return void response.destroy();
    let { status, octets } = answer;
    if (fault && "whole" in fault) [status, octets] = [200, this.objects.get(seen.key)!.octets];
    const headers = { "content-length": String(octets.length), ...answer.headers };
    response.writeHead(status, headers);
    if (request.method === "HEAD") return void response.end();
    if (fault && "drip" in fault) return drip(response, octets);
    if (!(fault && "tear" in fault)) return void response.end(octets);
    response.write(octets.subarray(0, fault.tear), () => response.destroy());
  }

  #answer({ method, key, query, range }: Seen, body: Uint8Array): Answer | keyof typeof STATUS {
    if (key === "") return query.has("uploads") ? this.#listUploads(query) : this.#list(query);
    const now = Date.now() + this.ahead;
    if (method === "POST" && query.has("uploads")) {
      const id = `upload&${++this.#count}`;
      this.uploads.set(id, { key, at: now, parts: new Map() });
      return xml(`<R><UploadId>${id.replace("&", "&amp;")}</UploadId></R>`);
    }
    const id = query.get("uploadId");
    if (id !== null) return this.#upload(id, method, key, Number(query.get("partNumber")), body);
    if (method === "PUT") {
      this.objects.set(key, { octets: body.slice(), at: now });
      return { status: 200, octets: new Uint8Array(), headers: { etag: tagOf(body) } };
    }
    const kept = this.objects.get(key);
    if (method === "DELETE") {
      this.objects.delete(key);
      return { status: 204, octets: new Uint8Array() };
    }
    if (!kept) return "NoSuchKey";
    if (method === "HEAD") {
      return { status: 200, octets: new Uint8Array(), headers: { "content-length": String(kept.octets.length) } };
    }
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(range ?? "") ?? [];
    if (from === undefined) return { status: 200, octets: kept.octets };
    if (Number(from) >= kept.octets.length) return "InvalidRange";
    return { status: 206, octets: kept.octets.subarray(Number(from), Number(to) + 1) };
  }

  #upload(id: string, method: string, key: string, number: number, body: Uint8Array): Answer | keyof typeof STATUS {
    const begun = this.uploads.get(id);
    if (!begun || begun.key !== key) return "NoSuchUpload";
    if (method === "PUT") {
      begun.parts.set(number, { octets: body.slice(), tag: tagOf(body) });
      return { status: 200, octets: new Uint8Array(), headers: { etag: tagOf(body) } };
    }
    this.uploads.delete(id);
    if (method === "DELETE") return { status: 204, octets: new Uint8Array() };
    const named = [...new TextDecoder().decode(body).matchAll(/<PartNumber>(\d+)<\/PartNumber><ETag>([^<]+)</g)];
    const parts = named.map(([, n, tag]) => {
      const part = begun.parts.get(Number(n));
      return part && part.tag === tag ? part.octets : null;
    });
    if (parts.includes(null) || parts.length === 0) return "InvalidPart";
    if (parts.slice(0, -1).some((part) => part!.length < this.part)) return "EntityTooSmall";
    this.objects.set(key, {
      octets: new Uint8Array(Buffer.concat(parts as Uint8Array[])),
      at: Date.now() + this.ahead,
    });
    return xml("<CompleteMultipartUploadResult><Key>x</Key></CompleteMultipartUploadResult>");
  }

  #list(query: URLSearchParams): Answer {
    const after = query.get("start-after") ?? "";
    const all = [...this.objects].filter(([key]) => key.startsWith(query.get("prefix") ?? "") && key > after)
      .sort(([a], [b]) => a < b ? -1 : 1);
    const most = Math.min(this.page, Number(query.get("max-keys") ?? 1000));
    const rows = all.slice(0, most).map(([key, { octets, at }]) =>
      `<Contents><Key>${key.replaceAll("&", "&amp;")}</Key><LastModified>${new Date(at).toISOString()}</LastModified>` +
      `<Size>${octets.length}</Size></Contents>`
    );
    const more = `<IsTruncated>${all.length > most}</IsTruncated>`;
    return xml(`<ListBucketResult xmlns="x">${more}${rows.join("")}</ListBucketResult>`);
  }

  #listUploads(query: URLSearchParams): Answer {
    const rows = [...this.uploads].filter(([, { key }]) => key.startsWith(query.get("prefix") ?? "")).map(
      ([id, { key, at }]) =>
        `<Upload><Key>${key}</Key><UploadId>${id.replace("&", "&amp;")}</UploadId><Initiated>${
          new Date(at).toISOString()
        }</Initiated></Upload>`,
    );
    return xml(`<ListMultipartUploadsResult>${rows.join("")}</ListMultipartUploadsResult>`);
  }
}

function drip(response: ServerResponse, octets: Uint8Array): void {
  let at = 0;
  const timer = setInterval(() => {
    if (response.destroyed || at === octets.length) clearInterval(timer);
    else response.write(octets.subarray(at, ++at));
  }, 20);
  response.on("close", () => clearInterval(timer));
}

interface Answer {
  readonly status: number;
  readonly octets: Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

const STATUS = {
  NoSuchKey: 404,
  NoSuchUpload: 404,
  InvalidRange: 416,
  InvalidPart: 400,
  EntityTooSmall: 400,
} as const;

function xml(text: string): Answer {
  return { status: 200, octets: new TextEncoder().encode(text) };
}

function tagOf(octets: Uint8Array): string {
  return `"${createHash("md5").update(octets).digest("hex")}"`;
}

/** AWS Signature Version 4, from what came over the wire; null where it is right. */
function signatureFault(request: IncomingMessage, url: URL, body: Uint8Array, keyId: string, secret: string) {
  const match =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/
      .exec(request.headers.authorization ?? "");
  if (!match) return "AccessDenied";
  const [, id, day, region, names, signature] = match as unknown as string[];
  if (id !== keyId) return "InvalidAccessKeyId";
  if (region !== REGION) return "AuthorizationHeaderMalformed";
  const signed = names!.split(";");
  if (!signed.includes("host") || !signed.includes("x-amz-date")) return "AccessDenied";
  const hash = request.headers["x-amz-content-sha256"] as string;
  const sha = (value: string | Uint8Array) => createHash("sha256").update(value).digest("hex");
  if (hash !== sha(body)) return "XAmzContentSHA256Mismatch";
  const hmac = (key: string | Uint8Array, value: string) => createHmac("sha256", key).update(value).digest();
  const encode = (text: string) =>
    encodeURIComponent(text).replace(/[!'()*]/g, (c) => "%" + c.charCodeAt(0).toString(16).toUpperCase());
  const date = request.headers["x-amz-date"] as string;
  const canonical = [
    request.method,
    url.pathname.split("/").map((part) => encode(decodeURIComponent(part))).join("/"),
    [...url.searchParams].map(([n, v]) => `${encode(n)}=${encode(v)}`).sort().join("&"),
    ...signed.map((name) => `${name}:${String(request.headers[name]).trim()}`),
    "",
    names,
    hash,
  ].join("\n");
  const scope = `${day}/${region}/s3/aws4_request`;
  const key = ["s3", "aws4_request"].reduce<Uint8Array>(hmac, hmac(hmac("AWS4" + secret, day!), region!));
  const wanted = hmac(key, ["AWS4-HMAC-SHA256", date, scope, sha(canonical)].join("\n")).toString("hex");
  return wanted === signature ? null : "SignatureDoesNotMatch";
}
