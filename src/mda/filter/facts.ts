/** What a script is told of a message and of whose it is. */
import { encodeBase64 } from "../../base/base64.ts";
import { utf8Bytes } from "../../base/bytes.ts";
import { digest } from "../../base/hash.ts";
import { lowerAscii } from "../../base/ascii.ts";
import { type AccountId, ask, type EnvelopeRecipient, type EnvelopeSender, type Program } from "../../contract/mod.ts";
import { parseAddressList } from "../../message/address.ts";
import { fieldText, type HeaderField, headerFields } from "../../message/header.ts";
import type { SieveFacts } from "../../sieve/mod.ts";
import type { FilterMessage } from "./message.ts";
import type { FilterPolicy, FilterRequest } from "./policy.ts";

/** For whom, and how the message came to that account. */
export interface FilterOwner {
  readonly accountId: AccountId;
  readonly account: string;
  /** The address that led there, with its detail. */
  readonly address: string;
  /** The recipient as the envelope had it. */
  readonly recipient: string;
  readonly reversePath: string;
  /** What the sender wants to be told (RFC 3461); left out where there is no envelope any more. */
  readonly dsn?: Pick<EnvelopeSender, "ret" | "envid"> & Pick<EnvelopeRecipient, "notify" | "orcpt">;
  /** Fields that the delivery puts before the message. */
  readonly prefix: Uint8Array;
  readonly flags: readonly string[];
  readonly now: number;
}

/** `answers`: a script may answer, so it must be known which addresses are the owner's. */
export function* filterFacts(
  owner: FilterOwner,
  message: FilterMessage,
  request: Pick<FilterRequest, "policy" | "traceId" | "silent" | "remoteAddress">,
  answers: boolean,
): Program<SieveFacts> {
  const { index, header, fields } = yield* message.read();
  const { policy } = request;
  const own = [...headerFields(owner.prefix), ...fields];
  const addresses = [owner.account, owner.address];
  if (answers) addresses.push(...yield* ownedOf(owner, own));
  return {
    envelope: { from: owner.reversePath, to: owner.recipient, ...(owner.dsn && { dsn: dsnOf(owner.dsn) }) },
    header,
    prefix: owner.prefix,
    index,
    now: owner.now,
    zoneMinutes: policy.zoneMinutes(owner.now),
    environment: {
      domain: policy.hostname.slice(policy.hostname.indexOf(".") + 1),
      host: policy.hostname,
      location: "MDA",
      name: "Palomar",
      phase: "during",
      version: policy.version,
      ...(request.remoteAddress !== null && { "remote-ip": request.remoteAddress }),
    },
    owner: { address: owner.account, addresses },
    spamPercent: spamPercent(own, policy, owner.flags.includes("$Junk")),
    virus: virusValue(own, policy),
    flags: owner.flags,
    silent: request.silent,
    seed: secretWord(request.traceId, owner.accountId),
  };
}

/** As RFC 6009 section 2 spells it. */
function dsnOf({ notify, orcpt, ret, envid }: NonNullable<FilterOwner["dsn"]>): SieveFacts["envelope"]["dsn"] & object {
  return {
    notify: notify === null ? [] : notify.length === 0 ? ["NEVER"] : notify.map((word) => word.toUpperCase()),
    orcpt,
    ret: ret === null ? null : ret === "full" ? "FULL" : "HDRS",
    envid,
  };
}

/** Nobody outside knows a trace id before the message has left, and no letter has the word of another. */
export function secretWord(...words: readonly string[]): string {
  return encodeBase64(digest("sha256", utf8Bytes(words.join(" ")))).replace(/[^A-Za-z0-9]/g, "").slice(0, 24);
}

const FOR_PEOPLE = new Set(["to", "cc", "bcc", "resent-to", "resent-cc", "resent-bcc"]);
const MOST = 50;

/** Which addresses that the message is to, or from, are the account's: aliases too. */
function* ownedOf({ accountId, reversePath }: FilterOwner, fields: readonly HeaderField[]): Program<string[]> {
  const found = new Set<string>(reversePath === "" ? [] : [lowerAscii(reversePath)]);
  for (const field of fields) {
    if (!FOR_PEOPLE.has(field.name)) continue;
    for (const { mailbox, host } of parseAddressList(fieldText(field))) {
      if (mailbox && host && found.size < MOST) found.add(lowerAscii(`${mailbox}@${host}`));
    }
  }
  const owned: string[] = [];
  for (const address of found) if (yield* ask("address.owned", { accountId, address })) owned.push(address);
  return owned;
}

/** RFC 5235 section 3.1; our own fields stand before those that came along. */
function spamPercent(fields: readonly HeaderField[], { spam }: FilterPolicy, junk: boolean): number | null {
  if (junk) return 100;
  const field = spam && fields.find(({ name }) => name === spam.field);
  if (!spam || !field) return null;
  const text = fieldText(field).trim();
  if (spam.max === null) return /^(yes|true|spam)\b/i.test(text) ? 100 : 0;
  const score = /-?\d+(\.\d+)?/.exec(text);
  return score === null ? null : Math.min(100, Math.max(0, Number(score[0]) * 100 / spam.max));
}

function virusValue(fields: readonly HeaderField[], { virus }: FilterPolicy): 1 | 2 | 3 | 4 | 5 | null {
  const field = virus && fields.find(({ name }) => name === virus.field);
  if (!virus || !field) return null;
  const text = lowerAscii(fieldText(field).trim());
  for (const [begin, value] of virus.values) if (text.startsWith(begin)) return value;
  return null;
}
