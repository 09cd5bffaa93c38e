import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import { FRAMES_TYPE, printHead } from "../../archive/mod.ts";
import type { AccountId, EmailRow, MailboxId, Origin, Uid } from "../../contract/mod.ts";
import type { HttpDeps } from "../deps.ts";
import { ProblemError } from "../problem.ts";
import { accountAt, address, mailboxName, NOT_FOUND, PROBLEMS } from "./words.ts";

const ROWS = 200;
const PIECE = 131_072;
const HIGHEST = 4_294_967_295;

const uid = z.coerce.number("should be a UID").int("should be a UID").min(0).max(HIGHEST);

const get = createRoute({
  method: "get",
  path: "/accounts/{address}/messages",
  "x-access": "account",
  tags: ["messages"],
  summary: "The messages of a mailbox, by UID, as one stream",
  description:
    "Before the octets of each stands a line of JSON, as an import takes it. Lines end in CRLF; `lineEnds` and " +
    "`name` tell of an imported message how it was. The stream is cut off where something fails on the way.",
  request: {
    params: z.object({ address }),
    query: z.object({
      mailbox: mailboxName,
      first: uid.optional().openapi({ description: "the lowest UID; default 1" }),
      last: uid.optional().openapi({ description: "the highest UID; default all" }),
      since: z.coerce.number("should be milliseconds since 1970").int().optional().openapi({
        description: "only messages with this internal date or a later one, milliseconds since 1970",
      }),
      octets: z.enum(["yes", "no"]).optional().openapi({ description: "no: the lines of JSON alone" }),
    }),
  },
  responses: {
    200: {
      description: "the messages that are there",
      content: { [FRAMES_TYPE]: { schema: z.string().openapi({ format: "binary" }) } },
    },
    ...PROBLEMS,
    ...NOT_FOUND,
  },
});

interface Wanted {
  readonly accountId: AccountId;
  readonly mailboxId: MailboxId;
  readonly first: number;
  readonly last: number;
  readonly since: number;
  readonly octets: boolean;
}

/** `GET /accounts/{address}/messages`. */
export function messagesExport(app: OpenAPIHono, deps: HttpDeps): void {
  app.openapi(get, async (c) => {
    const accountId = await accountAt(deps, c.req.valid("param").address);
    const { mailbox: path, first = 1, last = HIGHEST, since = -Infinity, octets } = c.req.valid("query");
    const mailbox = await deps.perform("mailbox.get", { accountId, path });
    if (mailbox === null || mailbox.ownerId !== accountId) {
      throw new ProblemError({ status: 404, code: "notFound", detail: `There is no mailbox ${path} of this account.` });
    }
    const { mailboxId } = mailbox;
    const wanted = { accountId, mailboxId, first: Math.max(1, first), last, since, octets: octets !== "no" };
    const stream = ReadableStream.from(frames(deps, wanted));
    return c.body(stream as ReadableStream, 200, { "content-type": FRAMES_TYPE });
  });
}

async function* frames(deps: HttpDeps, wanted: Wanted): AsyncGenerator<Uint8Array> {
  const { accountId, mailboxId, last } = wanted;
  for (let at: Uid | null = wanted.first as Uid; at !== null && at <= last;) {
    const ranges = [{ first: at, last: last as Uid }];
    const page: { rows: readonly EmailRow[]; next: Uid | null } = await deps.perform("email.read", {
      accountId,
      mailboxId,
      ranges,
      fields: [],
      limit: ROWS,
    });
    const emailIds = page.rows.map(({ emailId }) => emailId);
    const origins = await deps.perform("email.origins", { accountId, emailIds });
    for (const [i, row] of page.rows.entries()) {
      if (row.internalDate < wanted.since) continue;
      if (wanted.octets) yield* whole(deps, accountId, row, origins[i] ?? null);
      else yield printHead({ size: 0, ...toldOf(row, origins[i] ?? null) });
    }
    at = page.next;
  }
}

function toldOf({ uid, internalDate, flags }: EmailRow, origin: Origin | null) {
  const from = origin === null ? {} : { imported: true, key: origin.key, name: origin.name, lineEnds: origin.lineEnds };
  return { uid, internalDate, flags, ...from };
}

/** A message with its line. */
async function* whole(
  deps: HttpDeps,
  accountId: AccountId,
  row: EmailRow,
  origin: Origin | null,
): AsyncGenerator<Uint8Array> {
  const { blobId, blobSize, prefix, size } = row;
  const read = (start: number, end: number) => deps.perform("blob.read", { accountId, blobId, start, end });
  const first = blobSize === 0 ? prefix : await read(0, Math.min(blobSize, PIECE));
  const last = blobSize > PIECE ? await read(blobSize - 1, blobSize) : first;
  yield printHead({ size, ...toldOf(row, origin), ...(last.at(-1) !== 10 && { open: true }) });
  if (blobSize === 0) return yield prefix;
  if (prefix.length > 0) yield prefix;
  yield first;
  for (let start = PIECE; start < blobSize; start += PIECE) yield await read(start, Math.min(blobSize, start + PIECE));
}
