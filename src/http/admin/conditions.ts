/** Conditions of requests that change scripts (RFC 9110 section 13): two who edit one do not undo each other's work. */
import { z } from "@hono/zod-openapi";
import { textTag } from "../../base/text_tag.ts";
import type { SieveExpected } from "../../contract/mod.ts";
import { ProblemError } from "../problem.ts";

/** What such requests may say. */
export const conditions = z.object({
  "if-match": z.string().max(4_000).optional().openapi({ description: "an ETag: only while the script is that" }),
  "if-none-match": z.string().max(10).optional().openapi({ description: "`*`: only while there is no such script" }),
});

/** RFC 9110 section 8.8.3. */
export function etagOf(content: string): string {
  return `"${textTag(content)}"`;
}

/** What a request expects, as the store asks for it. */
export function expectedBy(given: z.infer<typeof conditions>): { expected?: SieveExpected } {
  const { "if-match": match, "if-none-match": noneMatch } = given;
  if (noneMatch !== undefined && noneMatch.trim() !== "*") {
    throw new ProblemError({ status: 400, code: "condition", detail: "If-None-Match can only be * here." });
  }
  if (noneMatch !== undefined && match !== undefined) {
    throw new ProblemError({
      status: 400,
      code: "condition",
      detail: "If-Match and If-None-Match exclude each other.",
    });
  }
  if (noneMatch !== undefined) return { expected: "notThere" };
  if (match === undefined) return {};
  if (match.trim() === "*") return { expected: "there" };
  // Section 13.1.1: weak tags never match.
  const tags = match.split(",").map((tag) => /^\s*"([A-Za-z0-9_-]*)"\s*$/.exec(tag)?.[1] ?? "");
  return { expected: { tags } };
}
