/** Cells of the directory's tables as rows, and back. Columns are in the order of the statements that read them. */
import type { MailboxRole } from "../../contract/mod.ts";
import { parseCredentials } from "../engine/credentials.ts";
import type { AccountRow, AclRow, AliasRow, DomainRow, MailboxRow, TokenRow } from "../engine/tables.ts";
import type { Cells } from "./statements.ts";

export function readDomain(cells: Cells): DomainRow {
  const [name, catchAll, createdAt] = cells as [string, string | null, number];
  return { name, catchAll, createdAt };
}

export function readAlias(cells: Cells): AliasRow {
  const [address, targets, createdAt] = cells as [string, string, number];
  return { address, targets: JSON.parse(targets), createdAt };
}

export function readAccount(cells: Cells): AccountRow {
  const [
    id,
    address,
    name,
    quotaBytes,
    quotaMessages,
    usedBytes,
    usedMessages,
    modseq,
    disabled,
    createdAt,
    secrets,
    shared,
    keptBytes,
  ] = cells as [
    number,
    string,
    string,
    number | null,
    number | null,
    number,
    number,
    number,
    number,
    number,
    string,
    number,
    number,
  ];
  return {
    id,
    address,
    name,
    quotaBytes,
    quotaMessages,
    usedBytes,
    usedMessages,
    keptBytes,
    modseq,
    createdAt,
    disabled: disabled !== 0,
    shared: shared !== 0,
    credentials: parseCredentials(secrets),
  };
}

export function readToken(cells: Cells): TokenRow {
  const [id, account, hash, name, createdAt, expiresAt, scopes, usedAt, usedFrom] = cells as [
    number,
    number,
    string,
    string,
    number,
    number | null,
    string | null,
    number | null,
    string | null,
  ];
  return { id, account, hash, name, createdAt, expiresAt, scopes, usedAt, usedFrom };
}

export function readAcl(cells: Cells): AclRow {
  const [mailbox, account, grantee, rights] = cells as [number, number, string, string];
  return { mailbox, account, grantee, rights };
}

export function readMailbox(cells: Cells): MailboxRow {
  const [id, account, path, role, uidValidity, uidNext, modseq, messages, unseen, size, deleted, floor] = cells as [
    number,
    number,
    string,
    MailboxRole | null,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  return { id, account, path, role, uidValidity, uidNext, modseq, messages, unseen, size, deleted, floor };
}
