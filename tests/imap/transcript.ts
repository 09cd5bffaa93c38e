/**
 * Dialogues as data. A transcript is lines of UTF-8:
 *
 *     # a comment, also behind two spaces at the end of a "@" line
 *     @ mailbox Sent sent             a mailbox, with a role
 *     @ message INBOX nested \Seen    messages/nested.eml with flags
 *     @ delivered nested              the same, through delivery: with a prefix of header fields
 *     @ quota 4096 10                 octets and messages that the account may keep; "-" is no limit
 *     @ account bob@example.org       one more account; "shared" behind it: nobody logs in to it
 *     @ as bob@example.org            what follows with "@" is for this account
 *     @ grant INBOX bob@example.org lr  rights in a mailbox of this account
 *     @ session B bob@example.org     session B logs in as bob
 *     @ plain                         sessions begin at the greeting, not logged in
 *     A> a1 SELECT INBOX              session A sends the line and CRLF
 *     A< * 2 EXISTS                   A is answered with exactly these lines, in order
 *     A< a1 OK ...                    "..." at the end is the rest of the line, whatever it is
 *     A< * OK [UIDVALIDITY $v] ...    $name is captured where it stands first and must be equal afterwards
 *     B< =                            B is told nothing
 *     A< !                            the server has closed A's connection
 *
 * A session begins where it is named first. Lines that one session sends in a row are sent at once.
 */
import assert from "node:assert/strict";
import { latin1Bytes, latin1String, utf8Bytes } from "../../src/base/bytes.ts";
import type { Storage } from "../../src/storage/storage.ts";
import { type Client, House, settled } from "./house.ts";

const FOLDER = new URL("../transcripts/imap/", import.meta.url);
const MESSAGES = new URL("messages/", FOLDER);
/** What a delivery puts before messages here. */
export const PREFIX = "Return-Path: <sender@example.net>\r\nX-Prefix: put before it\r\n";

/** The names of all transcripts. */
export function transcripts(): string[] {
  const names = [...Deno.readDirSync(FOLDER)].map((entry) => entry.name).filter((name) => name.endsWith(".imap"));
  return names.sort();
}

/** The lines that a transcript's sessions send, as latin1. */
export function sentLines(name: string): string[] {
  const lines = Deno.readTextFileSync(new URL(name, FOLDER)).split("\n");
  return lines.filter((line) => /^[A-Z]> /.test(line)).map((line) => latin1String(utf8Bytes(line.slice(3))));
}

/** `nextSize` cuts what is sent. */
export async function playTranscript(name: string, nextSize: () => number, storage?: Storage): Promise<void> {
  const lines = Deno.readTextFileSync(new URL(name, FOLDER)).split("\n");
  const house = await House.build(storage);
  const clients = new Map<string, Client>();
  const captured = new Map<string, string>();
  const logins = new Map<string, string>();
  let plain = false;
  const clientOf = async (session: string): Promise<Client> => {
    let client = clients.get(session);
    if (client) return client;
    client = house.connect();
    clients.set(session, client);
    if (!plain) {
      client.send(`login LOGIN ${logins.get(session) ?? "user"} secret\r\n`);
      assert.match(await client.receive(), /login OK/);
    }
    return client;
  };
  for (let at = 0; at < lines.length;) {
    const line = lines[at]!;
    const where = `${name}:${at + 1}`;
    if (line === "" || line.startsWith("#")) at++;
    else if (line.startsWith("@ ")) {
      const words = line.split(" ");
      if (line === "@ plain") plain = true;
      else if (words[1] === "session") logins.set(words[2]!, words[3]!);
      else await give(house, line.slice(2).split("  #")[0]!.trimEnd().split(" "));
      at++;
    } else {
      const [session, direction] = [line[0]!, line[1]];
      assert.ok(/^[A-Z][<>] /.test(line), `${where}: not a transcript's line: ${line}`);
      const run: string[] = [];
      while (lines[at]?.startsWith(`${session}${direction} `)) run.push(lines[at++]!.slice(3));
      const client = await clientOf(session);
      if (direction === ">") {
        const text = run.map((one) => fill(one, captured) + "\r\n").join("");
        client.send(latin1String(utf8Bytes(text)), nextSize);
        await settled();
      } else await expect(client, run, captured, where);
    }
  }
  for (const [session, client] of clients) assert.equal(await client.receive(), "", `${name}: unread by ${session}`);
  await house.close();
  assert.deepEqual(house.bugs, []);
}

async function give(house: House, [what, ...words]: string[]): Promise<void> {
  if (what === "mailbox") {
    const [path = "", role = null] = words;
    const { accountId } = house;
    const made = await house.storage.perform("mailbox.create", { accountId, path, role: role as never });
    assert.ok(!("refused" in made) || made.refused === "exists", path);
  } else if (what === "message") {
    const [path = "", name = "", ...flags] = words;
    await house.give([{ path, flags, octets: fixture(name) }]);
  } else if (what === "delivered") await house.deliver(latin1Bytes(PREFIX), fixture(words[0]!));
  else if (what === "account") await house.account(words[0]!, words[1] === "shared");
  else if (what === "grant") {
    const [path = "", identifier = "", rights = ""] = words;
    const { accountId } = house;
    const done = await house.storage.perform("acl.set", { accountId, path, identifier, mode: "replace", rights });
    assert.deepEqual(done, { done: true }, path);
  } else if (what === "as") house.actAs(words[0]!);
  else if (what === "quota") {
    const [bytes = null, messages = null] = words.map((word) => word === "-" ? null : Number(word));
    await house.storage.perform("account.change", { address: house.login.login, quota: { bytes, messages } });
  } else assert.fail(`no such directive: ${what}`);
}

/** A message of `messages/`, with CRLF. */
export function fixture(name: string): Uint8Array {
  const text = latin1String(Deno.readFileSync(new URL(`${name}.eml`, MESSAGES)));
  return latin1Bytes(text.replaceAll("\r\n", "\n").replaceAll("\n", "\r\n"));
}

/** `$name` by what was captured; unknown ones stay as they are. */
function fill(line: string, captured: ReadonlyMap<string, string>): string {
  return line.replaceAll(/\$([a-z]+)/g, (whole, name) => captured.get(name) ?? whole);
}

async function expect(client: Client, wanted: string[], captured: Map<string, string>, where: string): Promise<void> {
  const closes = wanted.at(-1) === "!";
  if (closes) wanted.pop();
  if (wanted.length === 1 && wanted[0] === "=") wanted = [];
  let octets = await client.receive();
  // A store on disk takes its time; that too many lines come is seen at the next look.
  for (let turn = 0; turn < 2000 && octets.split("\r\n").length <= wanted.length; turn++) {
    octets += await client.receive();
  }
  const received = new TextDecoder().decode(latin1Bytes(octets));
  assert.equal(client.closed, closes, `${where}: closed`);
  const came = received === "" ? [] : received.replace(/\r\n$/, "").split("\r\n");
  const shown = wanted.map((line, i) => matches(line, came[i], captured) ? came[i]! : fill(line, captured));
  assert.deepEqual(came, shown, where);
}

function matches(wanted: string, line: string | undefined, captured: Map<string, string>): boolean {
  if (line === undefined) return false;
  let at = 0;
  const open = wanted.endsWith("...");
  const parts = fill(open ? wanted.slice(0, -3) : wanted, captured).split(/(\$[a-z]+)/);
  for (let i = 0; i < parts.length; i += 2) {
    const text = parts[i]!;
    if (!line.startsWith(text, at)) return false;
    at += text.length;
    const name = parts[i + 1]?.slice(1);
    if (name === undefined) continue;
    const value = /^[A-Za-z0-9_-]*/.exec(line.slice(at))![0];
    captured.set(name, value);
    at += value.length;
  }
  return open || at === line.length;
}
