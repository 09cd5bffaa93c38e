/**
 * What every route of the admin API that changes something has around it: conditions (RFC 9110 section 13), one change of
 * a thing at a time, and the audit log. A thing is what GET at the same path shows; its ETag is made of that.
 */
import type { OpenAPIHono } from "@hono/zod-openapi";
import type { Context, MiddlewareHandler } from "hono";
import { textTag } from "../base/text_tag.ts";
import { actorOf, addressOf, nameOf } from "./actor.ts";
import type { HttpDeps } from "./deps.ts";
import { masked } from "./masked.ts";
import { ProblemError } from "./problem.ts";
import { requestIdOf } from "./request_log.ts";

/** What the routes of an app are, as far as this has to know. */
export interface Shape {
  readonly method: string;
  readonly path: string;
  /** Names of members that change without anybody's doing: no part of the ETag. */
  readonly "x-volatile"?: readonly string[];
  /** `own`: the route looks at conditions itself. */
  /** A route that has headers looks at conditions itself. */
  readonly request?: { readonly headers?: unknown };
  readonly responses: object;
}

/** These bring mail in, look only, or come by the thousand; the journal of each message tells of them. */
const NO_CHANGE =
  /^POST \/(messages|deliveries|send|accounts\/\{address\}\/(messages(\/known)?|restore|sieve-(test|diff))|configuration\/check|webhooks\/\{id\}\/test)$/;
const LARGEST = 1024 * 1024;

/** The changes of one app. */
export class Changes {
  readonly #app: OpenAPIHono;
  readonly #deps: HttpDeps;
  readonly #shown = new Map<string, Shape>();
  readonly #changed = new Set<string>();
  /** The last of those who want to change a path. */
  readonly #turns = new Map<string, Promise<void>>();

  constructor(app: OpenAPIHono, deps: HttpDeps) {
    this.#app = app;
    this.#deps = deps;
  }

  /** What runs before and after the handler of a route. */
  around(route: Shape): MiddlewareHandler {
    if (route.method === "get") {
      const ok = (route.responses as Record<string, { content?: object }>)[200];
      if (ok?.content && "application/json" in ok.content) this.#shown.set(route.path, route);
      return (context, next) => this.#show(route, context, next);
    }
    if (route.method !== "post") this.#changed.add(route.path);
    return (context, next) => this.#change(route, context, next);
  }

  async #show(route: Shape, context: Context, next: () => Promise<void>): Promise<void> {
    await next();
    const { res } = context;
    if (res.status !== 200 || !this.#changed.has(route.path) || !this.#shown.has(route.path)) return;
    if (res.headers.has("etag")) return;
    const tag = tagOf(route, await res.clone().text());
    res.headers.set("etag", tag);
    // What changes by itself is part of the answer, if not of its tag.
    if (route["x-volatile"] || !saysTag(context.req.header("if-none-match"), tag)) return;
    context.res = new Response(null, { status: 304, headers: res.headers });
    context.res.headers.delete("content-type");
  }

  async #change(route: Shape, context: Context, next: () => Promise<void>): Promise<void> {
    const name = `${route.method.toUpperCase()} ${route.path}`;
    if (NO_CHANGE.test(name)) return await next();
    const shown = route.method === "post" ? undefined : this.#shown.get(route.path);
    if (shown === undefined) {
      await this.#perform(name, context, next, null, () => Promise.resolve(null));
      return;
    }
    await this.#inTurn(context.req.path, async () => {
      const before = await this.#read(context);
      if (route.request?.headers === undefined) check(context, shown, before);
      const after = await this.#perform(name, context, next, before, () => this.#read(context));
      // What was changed is answered with the tag of what it is now.
      if (after !== null && !context.res.headers.has("etag")) context.res.headers.set("etag", tagOf(shown, after));
    });
  }

  /** Runs the handler and writes down what it did; answers what the thing is now. */
  async #perform(
    action: string,
    context: Context,
    next: () => Promise<void>,
    before: string | null,
    read: () => Promise<string | null>,
  ): Promise<string | null> {
    const given = await givenIn(context);
    await next();
    const { audit } = this.#deps;
    const { res } = context;
    if (res.status >= 300) return null;
    const after = await read();
    if (audit === undefined) return after;
    const answered = before === null ? await answerIn(res) : null;
    const actor = actorOf(context);
    await audit.add({
      by: nameOf(actor),
      from: addressOf(context),
      request: requestIdOf(context),
      action,
      resource: resourceOf(context),
      given: masked(given),
      before: masked(parsed(before)),
      after: masked(parsed(after) ?? answered),
    });
    return after;
  }

  /** What whoever asks would see of the thing; null: nothing. */
  async #read(context: Context): Promise<string | null> {
    const url = new URL(context.req.url);
    const env = { ...context.env as object, actor: actorOf(context) };
    const path = url.pathname.replace(/^\/api\/v1/, "");
    const answer = await this.#app.fetch(new Request(new URL(path + url.search, url)), env);
    if (answer.status === 200) return await answer.text();
    await answer.body?.cancel();
    return null;
  }

  /** One after the other. */
  async #inTurn(path: string, work: () => Promise<void>): Promise<void> {
    const before = this.#turns.get(path);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#turns.set(path, promise);
    try {
      await before;
      await work();
    } finally {
      resolve();
      if (this.#turns.get(path) === promise) this.#turns.delete(path);
    }
  }
}

/** Throws where a request is for another state of the thing than it is in. */
function check(context: Context, shown: Shape, before: string | null): void {
  const match = context.req.header("if-match");
  const noneMatch = context.req.header("if-none-match");
  if (match === undefined && noneMatch === undefined) return;
  const tag = before === null ? null : tagOf(shown, before);
  const headers: Record<string, string> = tag === null ? {} : { etag: tag };
  const changed = (detail: string) => new ProblemError({ status: 412, code: "changed", detail, headers });
  // Section 13.1.1: there is none that matches where there is nothing; weak tags never do.
  if (match !== undefined && (tag === null || (match.trim() !== "*" && !tagsIn(match).includes(tag)))) {
    throw changed(tag === null ? "It is not there." : "Somebody else has changed it: read it again, and try anew.");
  }
  if (noneMatch !== undefined && tag !== null && saysTag(noneMatch, tag)) throw changed("It is there already.");
}

/** Section 13.1.2: `*` is any; weak tags count. */
function saysTag(header: string | undefined, tag: string): boolean {
  if (header === undefined) return false;
  return header.trim() === "*" || tagsIn(header.replaceAll("W/", "")).includes(tag);
}

function tagsIn(header: string): readonly string[] {
  return header.slice(0, 4_000).split(",").map((one) => one.trim());
}

function tagOf({ "x-volatile": volatile }: Shape, text: string): string {
  if (volatile === undefined) return `"${textTag(text)}"`;
  const stable = Object.entries(JSON.parse(text) as object).filter(([name]) => !volatile.includes(name));
  return `"${textTag(JSON.stringify(stable))}"`;
}

function resourceOf(context: Context): string {
  const path = context.req.path.replace(/^\/api\/v1/, "");
  const query = new URL(context.req.url).search;
  let plain = path + query;
  try {
    plain = decodeURIComponent(path) + query;
  } catch {
    // as it came
  }
  return plain.slice(0, 1_000);
}

/** The body, where it is JSON; the handler reads it again. */
async function givenIn(context: Context): Promise<unknown> {
  const type = context.req.header("content-type") ?? "";
  if (!type.startsWith("application/json") || context.req.raw.body === null) return null;
  return parsed(await context.req.text());
}

async function answerIn(response: Response): Promise<unknown> {
  if (!(response.headers.get("content-type") ?? "").startsWith("application/json")) return null;
  const text = await response.clone().text();
  return text.length > LARGEST ? null : parsed(text);
}

function parsed(text: string | null): unknown {
  try {
    return text === null || text === "" ? null : JSON.parse(text);
  } catch {
    return null;
  }
}
