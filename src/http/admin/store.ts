import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import type { AccountId, BlobId, EmailId } from "../../contract/mod.ts";
import type { HttpDeps } from "../deps.ts";
import { answer, body, idText, PROBLEMS } from "./words.ts";

const MOST = 1000;

const repair = createRoute({
  method: "post",
  path: "/store/repair",
  tags: ["store"],
  summary: "Make right what `palomar verify` found and what can be made anew from what is there",
  request: {
    body: body(z.strictObject({
      accounts: z.array(z.strictObject({
        accountId: idText,
        orphans: z.array(idText).max(MOST).default([]).openapi({ description: "emails that no mailbox has" }),
      })).max(MOST).default([]).openapi({ description: "whose counters are counted anew" }),
      blobs: z.array(idText).max(MOST).default([]).openapi({ description: "whose index is made anew" }),
      rows: z.boolean().default(false).openapi({ description: "rows that belong to nothing go" }),
      texts: z.boolean().default(false).openapi({ description: "the index of texts is made anew" }),
    })),
  },
  responses: {
    200: answer(z.object({ corrected: z.array(z.string()) }), "what was corrected, for a person"),
    ...PROBLEMS,
  },
});

/** `/store`. */
export function store(app: OpenAPIHono, { perform, mend }: HttpDeps): void {
  app.openapi(repair, async (c) => {
    const { accounts, blobs, rows, texts } = c.req.valid("json");
    const corrected: string[] = [];
    // Rows first: what belongs to nothing is not counted.
    if (rows && await mend?.("rows")) corrected.push("rows");
    for (const blobId of blobs as BlobId[]) if (await mend?.({ blobId })) corrected.push(`index of ${blobId}`);
    for (const { accountId, orphans } of accounts) {
      const args = { accountId: accountId as AccountId, orphans: orphans as EmailId[] };
      corrected.push(...(await perform("store.recount", args)).corrected);
    }
    if (texts && await mend?.("texts")) corrected.push("index of texts");
    return c.json({ corrected }, 200);
  });
}
