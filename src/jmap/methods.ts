/** The table of methods: a new one is a file and a line here. */
import { CORE, MAIL } from "./capabilities.ts";
import { echo } from "./core/echo.ts";
import { emailChanges } from "./email/changes.ts";
import { emailCopy } from "./email/copy.ts";
import { emailGet } from "./email/get.ts";
import { emailImport } from "./email/import.ts";
import { emailParse } from "./email/parse.ts";
import { emailQuery } from "./email/query.ts";
import { emailQueryChanges } from "./email/query_changes.ts";
import { emailSet } from "./email/set.ts";
import { mailboxChanges } from "./mailbox/changes.ts";
import { mailboxGet } from "./mailbox/get.ts";
import { threadChanges } from "./thread/changes.ts";
import { threadGet } from "./thread/get.ts";
import type { Method } from "./method.ts";

type Table = Readonly<Record<string, Method>>;

const CORE_METHODS: Table = {
  "Core/echo": echo,
};

const MAIL_METHODS: Table = {
  "Email/changes": emailChanges,
  "Email/copy": emailCopy,
  "Email/get": emailGet,
  "Email/import": emailImport,
  "Email/parse": emailParse,
  "Email/query": emailQuery,
  "Email/queryChanges": emailQueryChanges,
  "Email/set": emailSet,
  "Mailbox/changes": mailboxChanges,
  "Mailbox/get": mailboxGet,
  "Thread/changes": threadChanges,
  "Thread/get": threadGet,
};

/** By name, with the capability that a client has to use. */
export const METHODS: ReadonlyMap<string, { readonly uri: string; readonly method: Method }> = new Map(
  ([[CORE, CORE_METHODS], [MAIL, MAIL_METHODS]] as const).flatMap(([uri, table]) =>
    Object.entries(table).map(([name, method]) => [name, { uri, method }] as const)
  ),
);
