/**
 * Plays `tests/transcripts/smtp/*` against the SMTP server: each whole, octet by octet and in random cuts.
 *
 * Settings: `profile mx|submission|lmtp`, `mechanisms …`, `limit name number`, `tls` (from the start), `noStartTls`,
 * `requireTls`, `plaintext` (AUTH without TLS), `whole` (cuts would change the meaning: what comes behind STARTTLS).
 *
 * The world: local parts say what becomes of them (`no`, `down`, `full`, `cut`, `busy`), and so do words in a body.
 */
import assert from "node:assert/strict";
import type {
  AccountId,
  AnswerOf,
  Args,
  BlobId,
  EnvelopeSender,
  Login,
  LoginRefused,
  Refusal,
} from "../../../src/contract/mod.ts";
import { SMTP_LIMITS, type SmtpLimits, type SmtpServerOptions, smtpSession } from "../../../src/smtp/server/mod.ts";
import { type Answers, type Played, Player, TEST_SESSION } from "../../support/run_machine.ts";
import { WorldFails } from "../../support/run_program.ts";
import { scramKeys } from "../../support/scram_example.ts";
import {
  type Dialogue,
  dialogues,
  playHoweverCut,
  type Setting,
  type Stage,
  titleOf,
} from "../../support/transcript.ts";

const TLS = { version: "TLSv1.3", cipher: "TEST", serverName: null };

for (const dialogue of dialogues("smtp")) {
  Deno.test(`SMTP ${titleOf(dialogue)}`, () => playHoweverCut(dialogue, stage));
}

function stage({ settings }: Dialogue): Stage {
  const tls = settings.some(({ name }) => name === "tls") ? TLS : null;
  const taken: string[] = [];
  let played: Played | null = null;
  const answers = world(() => played!, taken);
  const player = new Player(smtpSession(optionsOf(settings)), answers, { session: { ...TEST_SESSION, tls } });
  played = player.played;
  return { player, taken: () => taken.splice(0) };
}

function optionsOf(settings: readonly Setting[]): SmtpServerOptions {
  const words = (wanted: string) => settings.findLast(({ name }) => name === wanted)?.words;
  const limits: Record<string, number> = { ...SMTP_LIMITS };
  for (const { name, words: [limit = "", value] } of settings) {
    if (name !== "limit") continue;
    assert.ok(limit in limits, `no such limit: ${limit}`);
    limits[limit] = Number(value);
  }
  return {
    profile: (words("profile")?.[0] ?? "mx") as SmtpServerOptions["profile"],
    hostname: "mx.ours.example",
    limits: limits as unknown as SmtpLimits,
    startTls: words("noStartTls") === undefined,
    requireTls: words("requireTls") !== undefined,
    allowPlaintextAuth: words("plaintext") !== undefined,
    mechanisms: (words("mechanisms") ?? []) as SmtpServerOptions["mechanisms"],
  };
}

function world(played: () => Played, taken: string[]): Answers {
  let sealed = "";
  return {
    "sender.verify": ({ sender }) => verdict(sender.reversePath, { code: 550, enhanced: "5.7.1", text: "Not you" }),
    "rcpt.verify": ({ recipient }) =>
      verdict(recipient.forwardPath, { code: 550, enhanced: "5.1.1", text: "No such user" }),
    "body.seal": ({ sink }) => {
      sealed = played().bodies.get(sink)!;
      if (sealed.includes("seal breaks")) throw new WorldFails();
      if (sealed.includes("no room to seal")) return { refused: "full" };
      return { blobId: "b1" as BlobId, size: sealed.length };
    },
    "message.receive": (args) => receive(args, sealed, taken),
    "auth.password": ({ login, password }) => logIn(login, password.reveal() === "secret"),
    "auth.scram": scramKeys,
    "auth.scramDone": ({ login, proven }) => logIn(login, proven),
  };
}

function verdict(path: string, no: Refusal): { ok: true } | { refused: Refusal } {
  switch (path.split("@")[0]) {
    case "no":
      return { refused: no };
    case "busy":
      return { refused: { code: 450, enhanced: "4.2.1", text: "Come back later" } };
    case "cut":
      return { refused: { code: 421, enhanced: "4.7.0", text: "Go away" } };
    case "down":
      throw new WorldFails("unavailable");
    case "full":
      throw new WorldFails("full");
  }
  return { ok: true };
}

function receive(args: Args<"message.receive">, body: string, taken: string[]): AnswerOf<"message.receive"> {
  if (body.includes("receive breaks")) throw new WorldFails();
  if (body.includes("spam")) return { refused: { code: 550, enhanced: "5.7.1", text: "Not wanted\nhere" } };
  const { sender, recipients } = args.envelope;
  const to = recipients.map(({ forwardPath, notify, orcpt }) =>
    `<${forwardPath}>${notify === null ? "" : ` notify=${notify.join("+") || "never"}`}${
      orcpt ? ` orcpt=${orcpt}` : ""
    }`
  );
  const login = args.peer.login === null ? "" : ` login=${args.peer.login.login}`;
  taken.push(`${args.peer.via}${login} <${sender.reversePath}>${paramsOf(sender)} to ${to.join(", ")}: ${body}`);
  const results = recipients.map(({ forwardPath }) =>
    forwardPath.startsWith("quota@") ? { code: 452, enhanced: "4.2.2", text: "Mailbox is full" } : null
  );
  return { accepted: args.traceId, recipients: results };
}

function paramsOf(sender: EnvelopeSender): string {
  let out = sender.size === null ? "" : ` size=${sender.size}`;
  if (sender.body !== "7bit") out += ` ${sender.body}`;
  if (sender.smtputf8) out += " smtputf8";
  if (sender.requireTls) out += " requiretls";
  if (sender.ret !== null) out += ` ret=${sender.ret}`;
  return out + (sender.envid === null ? "" : ` envid=${sender.envid}`);
}

function logIn(login: string, right: boolean): Login | LoginRefused {
  if (login === "down") throw new WorldFails();
  if (login === "many") return { refused: "tooMany" };
  if (login === "gone") return { refused: "disabled" };
  return right && login === "user" ? { accountId: "a1" as AccountId, login, scopes: null } : { refused: "credentials" };
}
