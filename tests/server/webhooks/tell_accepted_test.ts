import assert from "node:assert/strict";
import { type AnswerOf, type Args, ask, OpFailed, type Program } from "../../../src/contract/mod.ts";
import type { MailNews } from "../../../src/server/webhooks/mail_news.ts";
import { tellAccepted } from "../../../src/server/webhooks/tell_accepted.ts";
import { runProgram } from "../../../src/server/run_program.ts";

type Answer = AnswerOf<"message.receive">;
const ARGS = { envelope: { sender: { reversePath: "a@b.example" }, recipients: [] }, size: 7 } as unknown as Args<
  "message.receive"
>;
const ACCEPT = { traceId: "t.1", deliveries: [] } as unknown as Args<"mail.accept">;
const TAKEN: Answer = { accepted: "t.1" as never, recipients: [] };

/** Asks twice, survives a question that fails, and ends as it is told. */
function* program(answer: Answer): Program<Answer> {
  try {
    yield* ask("blob.index", { blobId: "b" as never });
    assert.fail("it did not fail");
  } catch (error) {
    assert.ok(error instanceof OpFailed);
  }
  yield* ask("mail.accept", ACCEPT);
  return answer;
}

async function told(answer: Answer, accepted: AnswerOf<"mail.accept">): Promise<readonly MailNews[]> {
  const news: MailNews[] = [];
  const perform = ((op: string) => {
    if (op === "mail.accept") return accepted;
    throw new Error("no such blob");
  }) as never;
  const result = await runProgram(
    tellAccepted(program(answer), ARGS, true, (one) => news.push(one)),
    perform,
    () => {},
  );
  assert.deepEqual(result, answer);
  return news;
}

Deno.test("tellAccepted() tells what was stored, and changes nothing of the program", async () => {
  const [news] = await told(TAKEN, { stored: [], overQuota: [] });
  assert.deepEqual(news, {
    kind: "accepted",
    submitted: true,
    envelope: ARGS.envelope,
    accepted: ACCEPT,
    stored: [],
    size: 7,
  });
});

Deno.test("tellAccepted() tells nothing of what was refused", async () => {
  const refusal = { code: 452, enhanced: "4.2.2", text: "full" };
  assert.deepEqual(await told({ refused: refusal }, { refused: "overQuota", recipients: [] }), []);
  assert.deepEqual(await told({ refused: refusal }, { stored: [], overQuota: [] }), []);
});
