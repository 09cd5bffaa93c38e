import type { AcceptArgs, AnswerOf, Program } from "../../contract/mod.ts";
import type { Received, Stored, TellMail } from "./mail_news.ts";

type Answer = AnswerOf<"message.receive">;

/** The same program; when it has accepted the message, that is told. */
export function* tellAccepted(
  program: Program<Answer>,
  { envelope, size }: Received,
  submitted: boolean,
  tell: TellMail,
): Program<Answer> {
  let accepted: AcceptArgs | null = null;
  let stored: Stored | null = null;
  let step = program.next();
  while (!step.done) {
    const effect = step.value;
    let answer: unknown;
    try {
      answer = yield effect;
    } catch (error) {
      step = program.throw(error);
      continue;
    }
    if (effect.type === "call" && effect.op === "mail.accept") {
      const given = answer as AnswerOf<"mail.accept">;
      if (!("refused" in given)) [accepted, stored] = [effect.args as AcceptArgs, given.stored];
    }
    step = program.next(answer);
  }
  if (accepted && stored && "accepted" in step.value) {
    tell({ kind: "accepted", submitted, envelope, accepted, stored, size });
  }
  return step.value;
}
