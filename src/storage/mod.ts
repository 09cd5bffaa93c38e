/**
 * Storage: one asynchronous interface (`storage.ts`), a driver a folder, and one suite that all of them pass.
 *
 * - `engine/` holds what an operation means, written once over a synchronous interface of rows (`engine/tables.ts`):
 *   counters, modseqs, tombstones, quota, threads. Drivers that can ask their rows without waiting share it.
 * - `memory/` keeps rows in maps, `sqlite/` in a file; neither knows the other.
 * - Refusals are decided before anything is written; an exception after a write undoes the operation.
 *
 * It must not know protocols, accounts' secrets beyond storing them, or the network.
 */
export * from "./storage.ts";
