/** POST /jmap/upload/{accountId}: octets that objects may name afterwards (RFC 8620 section 6.1). */
import type { Hono } from "hono";
import type { HttpDeps } from "../deps.ts";
import { takePieces } from "../body_pieces.ts";
import { ProblemError } from "../problem.ts";
import { problem, UnderWay } from "./api.ts";
import type { JmapDesk } from "./desk.ts";
import type { JmapVariables } from "./login.ts";

const TYPE = /^[a-z0-9!#$&^_.+-]{1,127}\/[a-z0-9!#$&^_.+-]{1,127}(;[\x20-\x7e]{0,500})?$/i;
/** Between two pieces of a body. */
const WAIT_MS = 30_000;

/** The route. */
export function upload(
  app: Hono<{ Variables: JmapVariables }>,
  desk: JmapDesk,
  deps: Pick<HttpDeps, "openBody">,
): void {
  const { maxSizeUpload, maxConcurrentUpload } = desk.limits;
  const underWay = new UnderWay(maxConcurrentUpload);
  app.post("/upload/:accountId", async (c) => {
    const user = c.get("user");
    const account = user.accounts.find(({ accountId }) => accountId === c.req.param("accountId"));
    if (!account) throw new ProblemError({ status: 404, code: "notFound", detail: "There is no such account." });
    const tooLarge = () =>
      problem({ type: "limit", limit: "maxSizeUpload", detail: `at most ${maxSizeUpload} octets in an upload` });
    if (Number(c.req.header("content-length") ?? 0) > maxSizeUpload) return tooLarge();
    const answer = await underWay.run(user.accountId, async () => {
      const body = deps.openBody();
      try {
        const limits = { size: maxSizeUpload, waitMs: WAIT_MS };
        if (!await takePieces(c.req.raw.body, limits, (piece) => body.write(piece))) return tooLarge();
        const { blobId, size } = await body.seal();
        await desk.keep(user.accountId, blobId);
        const given = c.req.header("content-type") ?? "";
        const type = TYPE.test(given) ? given : "application/octet-stream";
        return Response.json({ accountId: account.accountId, blobId, type, size }, { status: 201 });
      } finally {
        body.close();
      }
    });
    const detail = `at most ${maxConcurrentUpload} uploads at once`;
    return answer ?? problem({ type: "limit", limit: "maxConcurrentUpload", detail });
  });
}
