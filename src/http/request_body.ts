import type { Context, MiddlewareHandler, Next } from "hono";
import { concatBytes, utf8Strict } from "../base/bytes.ts";
import { digest } from "../base/hash.ts";
import { ProblemError } from "./problem.ts";

const WAIT_MS = 30_000;
/** Octets that everybody has. */
const SMALL = 64 * 1024;
/** Large bodies under way at once, in the longest. */
const LARGE_AT_ONCE = 2;

/** Routes whose bodies are messages. */
export interface MessageBody {
  /** Of method, blank and path. */
  readonly route: RegExp;
  readonly types: readonly string[];
  /** Octets of JSON that it takes besides; left out: none. Handlers find its digest as `bodyDigest`. */
  readonly json?: number;
}

/**
 * Takes the body in before a handler sees the request: bounded in size and time, JSON in UTF-8 by its content type and
 * in fact. A body of another type is refused, so that no form of a strange page can reach a handler. The routes of
 * `except` (`POST /path`) take messages in, of these types: those they read by themselves, as they come.
 */
export function jsonBody(limit: number, except: readonly MessageBody[] = []): MiddlewareHandler {
  const large = new LargeBodies();
  return async (context, next) => {
    const request = context.req.raw;
    if (request.body === null) return await next();
    const messages = except.find(({ route }) => route.test(`${context.req.method} ${context.req.path}`));
    const type = mediaType(request.headers.get("content-type"));
    if (messages && (messages.json === undefined || type !== "application/json")) {
      if (!messages.types.includes(type)) throw notAMessage(messages);
      return await next();
    }
    if (messages) return await large.during(context, messages.json!, next);
    const bytes = await readBounded(request, limit);
    if (bytes.length === 0 && type === "") {
      context.req.raw = withBody(request, null);
      return await next();
    }
    if (type !== "application/json") {
      throw new ProblemError({
        status: 415,
        code: "mediaType",
        detail: "The body should be JSON, with the header Content-Type: application/json.",
      });
    }
    const text = utf8Strict(bytes);
    if (text === null) throw notUtf8();
    try {
      JSON.parse(text);
    } catch (error) {
      throw new ProblemError({
        status: 400,
        code: "notJson",
        detail: `The body is not JSON: ${(error as Error).message}`,
      });
    }
    context.req.raw = withBody(request, text);
    await next();
  };
}

/** JSON with files in it. It is in memory more than once while it is read: so few are at the same time. */
export class LargeBodies {
  /** Octets of bodies that are being handled. */
  #octets = 0;

  /** `work` with the whole body; others hear to come again. */
  async hold<T>(request: Request, limit: number, work: (octets: Uint8Array) => Promise<T>): Promise<T> {
    let taken = 0;
    try {
      const bytes = await readBounded(request, limit, (octets) => {
        taken += octets;
        this.#octets += octets;
        if (this.#octets > LARGE_AT_ONCE * limit && taken > SMALL) throw tooMany();
      });
      return await work(bytes);
    } finally {
      this.#octets -= taken;
    }
  }

  /** For a handler that finds the body as text, and its digest. */
  async during(context: Context, limit: number, next: Next): Promise<void> {
    const request = context.req.raw;
    await this.hold(request, limit, async (bytes) => {
      const text = utf8Strict(bytes);
      if (text === null) throw notUtf8();
      context.set("bodyDigest", digest("sha256", bytes));
      context.req.raw = withBody(request, text);
      await next();
    });
  }
}

/** A body as it comes; whoever says nothing for too long is given up. */
export async function* steadily(
  body: ReadableStream<Uint8Array>,
  waitMs: number = WAIT_MS,
): AsyncGenerator<Uint8Array> {
  const reader = body.getReader();
  try {
    for (;;) {
      const late = Promise.withResolvers<never>();
      const timer = setTimeout(() => late.reject(tooLate()), waitMs);
      const { value, done } = await Promise.race([reader.read(), late.promise]).finally(() => clearTimeout(timer));
      if (done) return;
      yield value;
    }
  } catch (error) {
    if (error instanceof ProblemError) throw error;
    throw new ProblemError({ status: 400, code: "brokenBody", detail: "The body broke off." });
  } finally {
    reader.cancel().catch(() => {});
  }
}

function tooLate(): ProblemError {
  return new ProblemError({ status: 408, code: "timeout", detail: "The body did not come in time." });
}

function tooMany(): ProblemError {
  return new ProblemError({
    status: 503,
    code: "busy",
    detail: "Too many large requests are being read; try again.",
    headers: { "retry-after": "5" },
  });
}

function notUtf8(): ProblemError {
  return new ProblemError({ status: 400, code: "notUtf8", detail: "The body is not UTF-8." });
}

function notAMessage({ types, json }: MessageBody): ProblemError {
  const all = [...types, ...(json === undefined ? [] : ["application/json"])];
  return new ProblemError({
    status: 415,
    code: "mediaType",
    detail: `The body should be a message, with the header Content-Type: ${all.join(" or ")}.`,
  });
}

function mediaType(value: string | null): string {
  return (value ?? "").slice(0, 200).split(";")[0]?.trim().toLowerCase() ?? "";
}

function withBody(request: Request, body: string | null): Request {
  return new Request(request.url, { method: request.method, headers: request.headers, body });
}

/** The whole body, bounded in size and time; throws a `ProblemError`. `count` is told of each piece, and may throw one. */
export async function readBounded(
  request: Request,
  limit: number,
  count: (octets: number) => void = () => {},
): Promise<Uint8Array> {
  const reader = request.body?.getReader();
  if (reader === undefined) return new Uint8Array(0);
  const tooLarge = () =>
    new ProblemError({ status: 413, code: "tooLarge", detail: `The body is larger than ${limit} octets.` });
  const declared = request.headers.get("content-length");
  const pieces: Uint8Array[] = [];
  let size = 0;
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    void reader.cancel().catch(() => {});
  }, WAIT_MS);
  try {
    if (declared !== null && Number(declared) > limit) throw tooLarge();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      size += value.length;
      if (size > limit) throw tooLarge();
      count(value.length);
      pieces.push(value);
    }
  } catch (error) {
    void reader.cancel().catch(() => {});
    if (error instanceof ProblemError) throw error;
    throw new ProblemError({ status: 400, code: "brokenBody", detail: "The body broke off." });
  } finally {
    clearTimeout(timer);
  }
  if (late) throw tooLate();
  return concatBytes(pieces);
}
