/** vnd.dovecot.pipe, as Pigeonhole has it: the message goes to a program or place that the server's owner named. */
import { arg, command, flag, optional } from "../check/spec.ts";
import type { SieveExtension } from "../extension.ts";
import { SieveFault } from "../match/budget.ts";
import { refuseBesideReject } from "../run/delivering.ts";
import type { Run } from "../run/run.ts";
import { type CheckedNode, given, tagWith, textOf, textsOf } from "../script.ts";

const NAME = /^[A-Za-z0-9:_.-]{1,80}$/;
const MOST_ARGUMENTS = 16;
const LONGEST = 1_000;

function pipe(run: Run, node: CheckedNode): void {
  refuseBesideReject(run, node.name);
  const name = run.text(textOf(node, "program"));
  if (!NAME.test(name)) throw new SieveFault(`"${name.slice(0, 60)}" is no name of a program`);
  const words = run.all(textsOf(node, "arguments"));
  if (words.length > MOST_ARGUMENTS) throw new SieveFault(`a program gets at most ${MOST_ARGUMENTS} arguments`);
  for (const word of words) {
    if (word.length > LONGEST || /\p{Cc}/u.test(word) || !word.isWellFormed()) {
      throw new SieveFault(`an argument of a program is one line of at most ${LONGEST} characters`);
    }
  }
  const [copy, attempt] = [tagWith(node, "keeps") !== undefined, given(node, ":try")];
  const version = run.version();
  const key = JSON.stringify([name, words, version]);
  const { actions, implicitKeep } = run.decisions;
  const pipes = actions.filter((action) => action.kind === "pipe");
  if (pipes.some((one) => JSON.stringify([one.name, one.arguments, one.version]) === key)) {
    return run.decide({ implicitKeep: implicitKeep && copy });
  }
  if (pipes.length >= run.limits.pipes) throw new SieveFault(`more than ${run.limits.pipes} programs`);
  run.act({ kind: "pipe", name, arguments: words, attempt, version, at: run.at }, !copy);
  run.say("action", `pipe to "${name}"${copy ? " and keep" : ""}`);
}

export const pipeExtension: SieveExtension = {
  name: "vnd.dovecot.pipe",
  commands: [
    command("pipe", {
      tags: [flag("copy", { keeps: true, needs: "copy" }), flag("try")],
      args: [arg("program", "string"), optional("arguments", "strings")],
    }, pipe),
  ],
};
