/** Cells of the directory's tables as rows, and back. Columns are in the order of the statements that read them. */
import { decodeBase64, encodeBase64 } from "../../base/base64.ts";
import { Secret } from "../../base/secret.ts";
import type { Credentials, MailboxRole } from "../../contract/mod.ts";
import type { AccountRow, AclRow, AliasRow, DomainRow, MailboxRow } from "../engine/tables.ts";
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
  ];
  return {
    id,
    address,
    name,
    quotaBytes,
    quotaMessages,
    usedBytes,
    usedMessages,
    modseq,
    createdAt,
    disabled: disabled !== 0,
    shared: shared !== 0,
    credentials: readCredentials(secrets),
  };
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

/** Rows are saved at every delivery, credentials hardly ever change. */
const printed = new WeakMap<Credentials, string>();

/** The secrets are revealed here and nowhere else: a hash and derived keys, never a password. */
export function printCredentials(credentials: Credentials): string {
  const known = printed.get(credentials);
  if (known !== undefined) return known;
  const { password, scramSha256: scram } = credentials;
  const keys = [scram.salt, scram.storedKey.reveal(), scram.serverKey.reveal()].map(encodeBase64);
  const text = JSON.stringify([password.reveal(), scram.iterations, ...keys]);
  printed.set(credentials, text);
  return text;
}

function readCredentials(text: string): Credentials {
  const [password, iterations, ...keys] = JSON.parse(text) as [string, number, string, string, string];
  const [salt, storedKey, serverKey] = keys.map((key) => decodeBase64(key)!) as [Uint8Array, Uint8Array, Uint8Array];
  return {
    password: new Secret(password),
    scramSha256: { salt, iterations, storedKey: new Secret(storedKey), serverKey: new Secret(serverKey) },
  };
}
