/**
 * Storage: one asynchronous interface (`storage.ts`), a driver a folder, and one suite that all of them pass.
 *
 * - `engine/` holds what an operation means, written once over a synchronous interface of rows (`engine/tables.ts`):
 *   counters, modseqs, tombstones, quota, threads. Drivers share it; one that must wait for its rows runs it again.
 * - `memory/` keeps rows in maps, `sqlite/` in a file, `postgres/` in a database that several servers share, `denokv/`
 *   in Deno KV; none knows the others.
 * - Refusals are decided before anything is written; an exception after a write undoes the operation.
 * - Who may use a blob: an account that has an email of it (`blob.read`, `email.append`), and, as long as a writer of this
 *   process holds it, whoever can name it. A name is the SHA-256 of the octets, so to name it is to have had them; and a
 *   hold ends with its session. An email that is expunged ends the account's right, when
 *   it is not kept any more (`engine/kept.ts`), and the octets go at `reclaim`.
 * - The past is kept so long (`engine/retention.ts`): tombstones by number, with a floor below which a reader is told of
 *   every UID that is not there; lines of the journal by age.
 *
 * It must not know protocols, accounts' secrets beyond storing them, or the network.
 */
export * from "./storage.ts";
