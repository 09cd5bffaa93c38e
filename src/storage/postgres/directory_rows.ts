/** Cells of the directory's tables as rows, and back. Columns are in the order of the statements that read them. */
import { decodeBase64, encodeBase64 } from "../../base/base64.ts";
import { Secret } from "../../base/secret.ts";
import type { Credentials, MailboxRole, StoredScramKeys } from "../../contract/mod.ts";
import type { AccountRow, AclRow, AliasRow, DomainRow, MailboxRow, TokenRow } from "../engine/tables.ts";
import type { Cells } from "./wire/statement.ts";

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
    boolean,
    number,
    string,
    boolean,
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
    disabled,
    shared,
    credentials: readCredentials(secrets),
  };
}

export function readToken(cells: Cells): TokenRow {
  const [id, account, hash, name, createdAt, expiresAt] = cells as [
    number,
    number,
    string,
    string,
    number,
    number | null,
  ];
  return { id, account, hash, name, createdAt, expiresAt };
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
  const { password, scramSha256, scramSha1 } = credentials;
  const text = JSON.stringify([
    password.reveal(),
    ...printScram(scramSha256),
    ...(scramSha1 ? printScram(scramSha1) : []),
  ]);
  printed.set(credentials, text);
  return text;
}

type PrintedScram = [iterations: number, salt: string, storedKey: string, serverKey: string];

function printScram({ iterations, salt, storedKey, serverKey }: StoredScramKeys): PrintedScram {
  return [iterations, encodeBase64(salt), encodeBase64(storedKey.reveal()), encodeBase64(serverKey.reveal())];
}

function readCredentials(text: string): Credentials {
  const [password, ...keys] = JSON.parse(text) as [string, ...PrintedScram, ...PrintedScram | []];
  const scramSha256 = readScram(keys.slice(0, 4) as PrintedScram);
  if (keys.length < 8) return { password: new Secret(password), scramSha256 };
  return { password: new Secret(password), scramSha256, scramSha1: readScram(keys.slice(4) as PrintedScram) };
}

function readScram([iterations, ...keys]: PrintedScram): StoredScramKeys {
  const [salt, storedKey, serverKey] = keys.map((key) => decodeBase64(key)!) as [Uint8Array, Uint8Array, Uint8Array];
  return { iterations, salt, storedKey: new Secret(storedKey), serverKey: new Secret(serverKey) };
}
