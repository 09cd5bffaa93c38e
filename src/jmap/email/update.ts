/** Changes of emails (RFC 8621 section 4.6): of keywords and mailboxes, as a whole or by patches. */
import type { EmailId, EmailUpdate, MailboxId, Program, SetPatch } from "../../contract/mod.ts";
import type { JmapAccount } from "../account.ts";
import type { Call } from "../call.ts";
import { invalidProperties, SetError } from "../error.ts";
import { type Json, type JsonObject, shortened } from "../json.ts";
import { readPatch, type SetArguments, type SetResults, withoutUnchanged } from "../standard/set.ts";
import { NO_WISHES, printEmails } from "./get.ts";
import { flagOf } from "./keywords.ts";
import { namesOf } from "./place.ts";
import { isEmailProperty } from "./properties.ts";

/** What can be done of the updates; what cannot is told to `results`. */
export function* readUpdates(
  call: Call,
  account: JmapAccount,
  { update, destroy }: Pick<SetArguments, "update" | "destroy">,
  results: SetResults,
): Program<readonly EmailUpdate[]> {
  const updates: EmailUpdate[] = [];
  for (const [id, patch] of update) {
    try {
      if (destroy.includes(id)) throw new SetError("willDestroy");
      updates.push(yield* readUpdate(call, account, id as EmailId, patch));
    } catch (error) {
      if (!(error instanceof SetError)) throw error;
      results.notUpdated(id, error);
    }
  }
  return updates;
}

function* readUpdate(call: Call, account: JmapAccount, emailId: EmailId, patch: JsonObject): Program<EmailUpdate> {
  const { whole, within } = readPatch(patch);
  const bad: string[] = [];
  for (const property of within.keys()) {
    if (isMutable(property)) continue;
    if (!isEmailProperty(property)) throw new SetError("invalidPatch", "there is no such property");
    bad.push(property);
  }
  const fixed = [...whole.keys()].filter((property) => !isMutable(property));
  bad.push(...fixed.filter((property) => !isEmailProperty(property)));
  if (bad.length > 0) throw invalidProperties(bad, "only keywords and mailboxIds can change");
  if (fixed.length > 0) {
    const current = (yield* printEmails(call, account, [emailId], fixed, NO_WISHES)).get(emailId);
    if (!current) throw new SetError("notFound");
    withoutUnchanged(whole, current, (property) => !isMutable(property));
  }
  const flags = readChange(whole.get("keywords"), within.get("keywords"), "keywords", flagOf, bad);
  const resolve = (id: string) => call.resolve(id) as MailboxId;
  const mailboxIds = readChange(whole.get("mailboxIds"), within.get("mailboxIds"), "mailboxIds", resolve, bad);
  if (bad.length > 0) throw invalidProperties(bad);
  return { emailId, ...(flags && { flags }), ...(mailboxIds && { mailboxIds }) };
}

function isMutable(property: string): boolean {
  return property === "keywords" || property === "mailboxIds";
}

function readChange<T>(
  whole: Json | undefined,
  within: ReadonlyMap<string, Json> | undefined,
  property: string,
  read: (name: string) => T | null,
  bad: string[],
): SetPatch<T> | null {
  const readOne = (name: string): T[] => {
    const value = read(name);
    if (value === null) bad.push(`${property}/${shortened(name, 60)}`);
    return value === null ? [] : [value];
  };
  if (whole !== undefined) {
    // RFC 8620 section 5.3: null is the default, which for keywords is none.
    const names = namesOf(whole ?? {});
    if (!names) bad.push(property);
    return { replace: names?.flatMap(readOne) ?? [] };
  }
  if (!within) return null;
  const add: T[] = [];
  const remove: T[] = [];
  for (const [name, value] of within) {
    if (value === true) add.push(...readOne(name));
    else if (value === null) remove.push(...readOne(name));
    else bad.push(`${property}/${shortened(name, 60)}`);
  }
  return { add, remove };
}
