/**
 * Plays `tests/transcripts/pop3/*` against the POP3 server: each whole, octet by octet and in random cuts. Settings:
 * `secure` (no passwords in the clear), `whole` (cuts would change the meaning: what comes behind STLS).
 */
import { latin1Bytes } from "../../src/base/bytes.ts";
import type { AccountId, EmailRow, Login, LoginRefused } from "../../src/contract/mod.ts";
import { pop3Session } from "../../src/pop3/mod.ts";
import { type Answers, Player } from "../support/run_machine.ts";
import { WorldFails } from "../support/run_program.ts";
import { scramKeys } from "../support/scram_example.ts";
import { type Dialogue, dialogues, playHoweverCut, type Stage, titleOf } from "../support/transcript.ts";

for (const dialogue of dialogues("pop3")) {
  Deno.test(`POP3 ${titleOf(dialogue)}`, () => playHoweverCut(dialogue, stage));
}

function stage({ settings }: Dialogue): Stage {
  const allowPlaintext = !settings.some(({ name }) => name === "secure");
  const taken: string[] = [];
  const session = pop3Session({ hostname: "pop.ours.example", startTls: true, allowPlaintext });
  return { player: new Player(session, world(taken)), taken: () => taken.splice(0) };
}

/** INBOX holds the UIDs 5, 6 and 9; 9 is the same email as 5. */
function world(taken: string[]): Answers {
  return {
    "auth.password": ({ login, password }) => logIn(login, password.reveal() === "pass word"),
    "auth.scram": scramKeys,
    "auth.scramDone": ({ login, proven }) => logIn(login, proven),
    "mailbox.open": () => ({ mailbox: { mailboxId: "m1" }, uids: new Uint32Array([5, 6, 9]) }) as never,
    "email.read": ({ ranges }) => ({
      rows: [5, 6, 9].filter((uid) => ranges.some(({ first, last }) => uid >= first && uid <= last)).map(row),
      next: null,
    }),
    "email.expunge": ({ ranges }) => {
      for (const { first, last } of ranges!) taken.push(`removed ${first === last ? first : `${first}-${last}`}`);
      return { vanished: [], modseq: 1 } as never;
    },
  };
}

function row(uid: number): EmailRow {
  const email = { uid, emailId: uid === 9 ? "e5" : `e${uid}`, size: 100 + uid, blobId: `b${uid}`, blobSize: 83 + uid };
  return { ...email, prefix: latin1Bytes("Return-Path: <>\r\n"), structure: { bodyStart: 40 } } as unknown as EmailRow;
}

function logIn(login: string, right: boolean): Login | LoginRefused {
  if (login === "down") throw new WorldFails();
  if (login === "many") return { refused: "tooMany" };
  if (login === "gone") return { refused: "disabled" };
  return right && login === "user" ? { accountId: "a1" as AccountId, login, scopes: null } : { refused: "credentials" };
}
