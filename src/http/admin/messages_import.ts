import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import { type FrameHead, FrameReader, FRAMES_TYPE, ToCrlf } from "../../archive/mod.ts";
import type { AccountId, BlobId, Uid } from "../../contract/mod.ts";
import type { BodyIntake, HttpDeps } from "../deps.ts";
import { ProblemError } from "../problem.ts";
import { accountAt, address, answer, body, CONFLICT, mailboxName, NOT_FOUND, PROBLEMS } from "./words.ts";

/** Messages of one request, which are one transaction. */
const MOST = 1000;
const tags = ["messages"];
const params = z.object({ address });
const binary = z.string().openapi({ format: "binary" });

const put = createRoute({
  method: "post",
  path: "/accounts/{address}/messages",
  "x-access": "account",
  tags,
  summary: "Import messages into a mailbox, with the UIDs, flags and dates that they had; all or none",
  description: `A body of ${FRAMES_TYPE} has many: before the octets of each stands a line of JSON, ` +
    '`{"size":OCTETS,"uid":…,"internalDate":MILLISECONDS,"flags":[…],"key":"…","name":"…"}`, of which only `size` is ' +
    "needed. Lines may end in LF or CRLF; how they ended is remembered. A message whose key the account has already is " +
    "passed over, so that a request can be repeated.",
  request: {
    params,
    query: z.object({ mailbox: mailboxName }),
    body: {
      required: true,
      content: { [FRAMES_TYPE]: { schema: binary }, "message/rfc822": { schema: binary } },
    },
  },
  responses: {
    200: answer(
      z.object({
        uidValidity: z.int(),
        results: z.array(z.object({
          uid: z.int().nullable().openapi({ description: "null: it was there already" }),
          lineEndsLost: z.boolean().openapi({ description: "its line ends are too many to be remembered" }),
        })),
      }).openapi("Imported"),
      "in the order of the request",
    ),
    ...PROBLEMS,
    ...NOT_FOUND,
    ...CONFLICT,
    413: { ...PROBLEMS[422], description: "there are too many messages in one request" },
  },
});

const known = createRoute({
  method: "post",
  path: "/accounts/{address}/messages/known",
  "x-access": "account",
  tags,
  summary: "Which of these keys an account has messages of",
  request: {
    params,
    body: body(z.strictObject({ keys: z.array(z.string().min(1).max(64)).max(MOST) })),
  },
  responses: { 200: answer(z.object({ known: z.array(z.boolean()) }), "of each"), ...PROBLEMS, ...NOT_FOUND },
});

interface Taken {
  readonly intake: BodyIntake;
  readonly head: FrameHead;
  readonly lines: ToCrlf;
  blobId: BlobId | null;
}

/** `POST /accounts/{address}/messages`. */
export function messagesImport(app: OpenAPIHono, deps: HttpDeps): void {
  app.openapi(put, async (c) => {
    const accountId = await accountAt(deps, c.req.valid("param").address);
    const { mailbox } = c.req.valid("query");
    const taken: Taken[] = [];
    try {
      const isOne = !(c.req.header("content-type") ?? "").startsWith(FRAMES_TYPE);
      await (isOne ? takeOne : takeFrames)(c.req.raw.body, taken, deps);
      return c.json(await store(deps, accountId, mailbox, taken), 200);
    } finally {
      for (const { intake } of taken) intake.close();
    }
  });
  app.openapi(known, async (c) => {
    const accountId = await accountAt(deps, c.req.valid("param").address);
    const { keys } = c.req.valid("json");
    return c.json({ known: [...await deps.perform("email.known", { accountId, keys })] }, 200);
  });
}

async function store(deps: HttpDeps, accountId: AccountId, path: string, taken: readonly Taken[]) {
  const now = deps.now();
  const marks = taken.map(({ lines }) => lines.mark());
  const messages = taken.map(({ head, blobId }, i) => ({
    blobId: blobId!,
    flags: head.flags ?? [],
    internalDate: head.internalDate ?? now,
    uid: head.uid === undefined || head.uid === 0 ? null : head.uid as Uid,
    origin: head.key === undefined
      ? null
      : { key: head.key, name: head.name ?? "", lineEnds: head.lineEnds ?? marks[i]!.mark },
  }));
  const done = await deps.perform("email.import", { accountId, path, messages, now });
  if (!("refused" in done)) {
    const results = done.uids.map((uid, i) => ({
      uid: uid as number | null,
      lineEndsLost: uid !== null && taken[i]!.head.lineEnds === undefined && marks[i]!.lost,
    }));
    return { uidValidity: done.uidValidity as number, results };
  }
  if (done.refused === "overQuota") {
    const detail = "The account has no room for these messages; give it more, or no limit, and go on.";
    throw new ProblemError({ status: 409, code: "overQuota", detail });
  }
  throw new ProblemError({ status: 404, code: "notFound", detail: `There is no mailbox ${path} of this account.` });
}

type Octets = ReadableStream<Uint8Array> | null;

async function takeOne(octets: Octets, taken: Taken[], deps: HttpDeps): Promise<void> {
  const one = begin({ size: 0 }, taken, deps);
  for await (const chunk of unbroken(octets)) await one.intake.write(one.lines.push(chunk));
  one.blobId = (await one.intake.seal()).blobId;
}

async function takeFrames(octets: Octets, taken: Taken[], deps: HttpDeps): Promise<void> {
  const reader = new FrameReader();
  let open: Taken | null = null;
  for await (const chunk of unbroken(octets)) {
    for (const event of reader.push(chunk)) {
      if ("wrong" in event) throw wrongFrames(event.wrong);
      if ("head" in event) open = begin(event.head, taken, deps);
      else if (open && "octets" in event) await open.intake.write(open.lines.push(event.octets));
      else if (open) open.blobId = (await open.intake.seal()).blobId;
    }
  }
  const wrong = reader.finish();
  if (wrong !== null) throw wrongFrames(wrong);
}

function begin(head: FrameHead, taken: Taken[], deps: HttpDeps): Taken {
  if (taken.length >= MOST) {
    const detail = `A request has at most ${MOST} messages; send the others in another one.`;
    throw new ProblemError({ status: 413, code: "tooMany", detail });
  }
  const one = { intake: deps.openBody(), head, lines: new ToCrlf(), blobId: null };
  taken.push(one);
  return one;
}

async function* unbroken(octets: Octets): AsyncGenerator<Uint8Array> {
  if (octets === null) return;
  const reader = octets.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read().catch(() => {
        throw new ProblemError({ status: 400, code: "brokenBody", detail: "The body broke off." });
      });
      if (done) return;
      yield value;
    }
  } finally {
    void reader.cancel().catch(() => {});
  }
}

function wrongFrames(wrong: string): ProblemError {
  return new ProblemError({ status: 422, code: "invalid", detail: `The body is no ${FRAMES_TYPE}: ${wrong}.` });
}
