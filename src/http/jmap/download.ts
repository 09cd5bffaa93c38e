/** GET /jmap/download/{accountId}/{blobId}/{name}: octets of a blob (RFC 8620 section 6.2), with ranges (RFC 9110 section 14). */
import type { Hono } from "hono";
import type { AccountId } from "../../contract/mod.ts";
import { ProblemError } from "../problem.ts";
import type { JmapBlob, JmapDesk } from "./desk.ts";
import type { JmapVariables } from "./login.ts";

const TYPE = /^[a-z0-9!#$&^_.+-]{1,127}\/[a-z0-9!#$&^_.+-]{1,127}(\s*;[\x20-\x7e]{0,500})?$/i;

/** The route. */
export function download(app: Hono<{ Variables: JmapVariables }>, desk: JmapDesk): void {
  app.get("/download/:accountId/:blobId/:name", async (c) => {
    const { accountId, blobId, name } = c.req.param();
    const blob = await desk.find(c.get("user"), accountId as AccountId, blobId);
    if (!blob) throw new ProblemError({ status: 404, code: "notFound", detail: "There is no such blob." });
    const asked = c.req.query("type") ?? "";
    const headers = new Headers({
      "content-type": TYPE.test(asked) ? asked : blob.type ?? "application/octet-stream",
      "content-disposition": disposition(name),
      // Immutable: the id says what it is. What a mail holds is never run as a page of this server's.
      "cache-control": "private, immutable, max-age=31536000",
      "content-security-policy": "default-src 'none'; sandbox",
      "cross-origin-resource-policy": "same-site",
    });
    const range = blob.size === null ? null : readRange(c.req.header("range"), blob.size);
    if (range === "unsatisfiable") {
      headers.set("content-range", `bytes */${blob.size}`);
      return new Response(null, { status: 416, headers });
    }
    if (blob.size !== null) headers.set("accept-ranges", "bytes");
    const [start, end] = range ?? [0, blob.size ?? Infinity];
    if (blob.size !== null) headers.set("content-length", String(end - start));
    if (range) headers.set("content-range", `bytes ${start}-${end - 1}/${blob.size}`);
    return new Response(octets(blob, start, end), { status: range ? 206 : 200, headers });
  });
}

function octets(blob: JmapBlob, start: number, end: number): ReadableStream<Uint8Array> {
  return ReadableStream.from(blob.read(start, end)) as ReadableStream<Uint8Array>;
}

/** One range of octets; several, or what is no range, is all of it. */
function readRange(header: string | undefined, size: number): [start: number, end: number] | "unsatisfiable" | null {
  const found = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? "");
  if (!found || (found[1] === "" && found[2] === "")) return null;
  if (found[1] === "") {
    const length = Math.min(size, Number(found[2]));
    return length === 0 ? "unsatisfiable" : [size - length, size];
  }
  const start = Number(found[1]);
  const end = found[2] === "" ? size : Math.min(size, Number(found[2]) + 1);
  if (found[2] !== "" && Number(found[2]) < start) return null;
  return start >= size ? "unsatisfiable" : [start, end];
}

/** Always a file to be saved (RFC 6266), with a name that is no path. */
function disposition(name: string): string {
  const clean = name.replace(/[\p{Cc}\p{Cf}\p{Cs}/\\]/gu, "_").slice(0, 200);
  const ascii = clean.replace(/[^\x20-\x7e]|["%]/g, "_");
  const utf8 = encodeURIComponent(clean).replace(/['()*]/g, (c) => "%" + c.charCodeAt(0).toString(16).toUpperCase());
  return `attachment; filename="${ascii}"; filename*=UTF-8''${utf8}`;
}
