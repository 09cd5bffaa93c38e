/** Lists that may grow, a page at a time: each begins after the last thing of the page before, whatever changed meanwhile. */
import { z } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { Actor } from "../actor.ts";

const MOST = 1000;
const USUAL = 100;

/** What such a list may be asked. */
export const pageQuery = {
  after: z.string().min(1).max(1024).optional().openapi({ description: "`next` of the page before" }),
  limit: z.string().regex(/^[1-9]\d{0,3}$/, `should be a number from 1 to ${MOST}`).transform(Number).pipe(
    z.number().max(MOST, `should be a number from 1 to ${MOST}`),
  ).optional().openapi({ type: "integer", default: USUAL, description: `at most ${MOST}` }),
};

/** Of an answer: `after` of the next page; null: that was all. */
export const nextPage = z.string().nullable().openapi({ description: "`after` of the next page; null at the end" });

/** Part of a list. */
export interface Page {
  readonly after?: string;
  readonly limit: number;
}

export function pageOf({ after, limit = USUAL }: { after?: string | undefined; limit?: number | undefined }): Page {
  return { ...(after !== undefined && { after }), limit };
}

/**
 * What somebody may see of things that belong to domains, by their keys: `read` gives part of all, or of one domain.
 * `domain` is the one that was asked for.
 */
export async function pageFor<T>(
  actor: Actor,
  domain: string | undefined,
  page: Page,
  keyOf: (one: T) => string,
  read: (page: Page, domain: string | undefined) => Promise<readonly T[]>,
): Promise<readonly T[]> {
  if (actor.kind === "server") return await read(page, domain);
  if (actor.kind === "account") return [];
  const domains = actor.domains.filter((one) => domain === undefined || one === domain);
  const found: T[] = [];
  for (const one of domains) found.push(...await read(page, one));
  return found.sort((a, b) => keyOf(a) < keyOf(b) ? -1 : 1).slice(0, page.limit);
}

/** Where the next page is, as RFC 8288 says it too. */
export function nextOf<T>(context: Context, found: readonly T[], { limit }: Page, keyOf: (one: T) => string) {
  const next = found.length < limit ? null : keyOf(found.at(-1)!);
  return tellNext(context, next);
}

/** Puts the link to the next page into the answer's header. */
export function tellNext(context: Context, next: string | null): string | null {
  if (next === null) return null;
  const url = new URL(context.req.url);
  url.searchParams.set("after", next);
  context.header("link", `<${url.pathname}${url.search}>; rel="next"`);
  return next;
}
