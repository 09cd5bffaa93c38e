/**
 * Palomar: a complete mail server, and its parts.
 *
 * - {@link createServer}: a whole server from a configuration; `fetch` is its HTTP layer alone.
 * - The protocol machines and the contract they speak: pure functions that anyone can import, test and replay.
 * - {@link Storage} and its drivers; message parsing and building; SASL.
 *
 * @example A server in memory, with no listener at all
 * ```ts
 * import assert from "node:assert/strict";
 * import { createServer, demoConfig } from "./mod.ts";
 * const server = createServer({ ...demoConfig("./data"), storage: { driver: "memory" }, listeners: [] });
 * const health = await server.fetch(new Request("http://localhost/health"));
 * assert(health.ok);
 * await server.stop();
 * ```
 *
 * @example The SMTP server as a function
 * ```ts
 * import assert from "node:assert/strict";
 * import { SMTP_LIMITS, smtpSession } from "./mod.ts";
 * const { machine, state } = smtpSession({
 *   profile: "mx",
 *   hostname: "mx.example.org",
 *   limits: SMTP_LIMITS,
 *   startTls: false,
 *   requireTls: false,
 *   allowPlaintextAuth: false,
 *   mechanisms: [],
 * });
 * const step = machine.step(state, { type: "bytes", chunk: new TextEncoder().encode("NOOP\r\n") }, 0);
 * assert(step.effects[0]?.type === "send");
 * ```
 *
 * @example A server for a test of yours: accounts, a clock to move, nothing on the network
 * ```ts
 * import { testServer } from "./mod.ts";
 * await using mail = await testServer();
 * await mail.deliver("Subject: hello\n\nHi Alice", "alice@example.test");
 * const pop3 = mail.connect("pop3");
 * await pop3.until("+OK");
 * await pop3.ask("USER alice@example.test", "+OK");
 * await pop3.ask("PASS alice", "+OK 1 messages");
 * ```
 *
 * @module
 */
export * from "./src/contract/mod.ts";
export type { Brand } from "./src/base/brand.ts";
export { Secret } from "./src/base/secret.ts";
export { type Address, domainToAscii, formatAddress, parseAddress } from "./src/base/address.ts";
export * from "./src/message/mod.ts";
export type * from "./src/message/model.ts";
export * from "./src/sasl/mod.ts";
export * from "./src/smtp/server/mod.ts";
export * from "./src/smtp/client/mod.ts";
export * from "./src/imap/mod.ts";
export * from "./src/pop3/mod.ts";
export * from "./src/managesieve/mod.ts";
export * from "./src/mailauth/mod.ts";
export * from "./src/sieve/mod.ts";
export {
  CAPABILITIES as JMAP_CAPABILITIES,
  type Invocation as JmapInvocation,
  JMAP_LIMITS,
  type JmapAccount,
  type JmapLimits,
  type JmapRequest,
  type JmapResponse,
  type JmapSieve,
  type JmapUser,
  type Json,
  type JsonObject,
  parseRequest as parseJmapRequest,
  processRequest as processJmapRequest,
  type RequestProblem as JmapProblem,
  type SessionFacts as JmapSessionFacts,
  sessionObject as jmapSession,
} from "./src/jmap/mod.ts";
export * from "./src/abuse/mod.ts";
export * from "./src/storage/storage.ts";
export { type MemoryOptions, memoryStorage } from "./src/storage/memory/mod.ts";
export {
  type Finding,
  PARTS as VERIFY_PARTS,
  type Repair,
  type VerifyEvent,
  type VerifyOptions,
  type VerifyPart,
  verifyStore,
} from "./src/storage/sqlite/verify/mod.ts";
export {
  type BackupManifest,
  type BackupOptions,
  type BackupResult,
  backupStore,
  type DamagedBody,
} from "./src/storage/sqlite/backup/mod.ts";
export {
  backUp,
  type BackUpOptions,
  restoreAny,
  type RestoreAnyOptions,
  type RestoredStore,
  type StorePlace,
  verifyAny,
} from "./src/server/store_copies.ts";
export { type RestoreOptions, type RestoreResult, restoreStore } from "./src/storage/sqlite/backup/restore.ts";
export {
  listSnapshots,
  type RollbackLoss,
  type RollbackOptions,
  type RollbackResult,
  rollbackStore,
  type Snapshot,
  surveyRollback,
} from "./src/storage/sqlite/backup/rollback.ts";
export { type Cipher, KeyMissing, type PackingOptions } from "./src/storage/packing/mod.ts";
export { DataDirLocked, openSqlite, type SqliteOptions, type SqliteStorage } from "./src/storage/sqlite/mod.ts";
export { type DenoKvOptions, openDenoKv } from "./src/storage/denokv/mod.ts";
export { openPostgres, type PostgresOptions } from "./src/storage/postgres/mod.ts";
export type { BodyStore, BodySurroundings, BodyUpload, OpenBodies } from "./src/storage/body_store.ts";
export { objectBodies, type ObjectOptions, type ObjectParts } from "./src/storage/objects/mod.ts";
export {
  createResolver,
  type Resolver,
  type ResolverOptions,
  type ScriptedAnswer,
  scriptedResolver,
  type ScriptedZones,
} from "./src/dns/mod.ts";
export { Deadlines, type Sleeper } from "./src/net/deadlines.ts";
export { drive, type DriveOptions, type LiveSession } from "./src/net/drive.ts";
export { memoryPair, type MemoryPairOptions, MemoryTransport } from "./src/net/memory_transport.ts";
export { replay, type TraceEntry } from "./src/net/trace.ts";
export type { Transport } from "./src/net/transport.ts";
export type { Endpoints } from "./src/net/transport_address.ts";
export type { SessionWorld, World } from "./src/net/world.ts";
export type { ReloadReport } from "./src/net/certificates.ts";
export * from "./src/server/config/config.ts";
export type * from "./src/server/config/abuse.ts";
export type * from "./src/server/config/delivery.ts";
export type * from "./src/server/config/jmap.ts";
export type { HttpClient } from "./src/http/client.ts";
export type { MessageSocket, SocketListener, Upgrade, UpgradeWish } from "./src/http/web_socket/message_socket.ts";
export {
  type ConfigPlace,
  demoConfig,
  loadConfig,
  type LoadedConfig,
  parseConfig,
  type RawConfig,
} from "./src/server/config/mod.ts";
export type { FieldPlace } from "./src/abuse/mod.ts";
export type { OctetRange } from "./src/base/octet_ranges.ts";
export type { ContentFilter, FieldChanges, FilterMessage, FilterVerdict } from "./src/server/filters/content_filter.ts";
export { milterFilter } from "./src/server/filters/milter.ts";
export {
  createServer,
  type ServeInfo,
  type ServeOptions,
  type Server,
  type ServerParts,
} from "./src/server/create_server.ts";
export type {
  MailTransport,
  TransportAnswer,
  TransportMessage,
  TransportResult,
} from "./src/server/outbound/transports/transport.ts";
export type { Transports } from "./src/server/outbound/transports/transports.ts";
export type { FetchPolicy } from "./src/server/tls_policy/fetch_policy.ts";
export { type DkimKeyKind, type GeneratedDkimKey, generateDkimKey } from "./src/server/dkim_keys.ts";
export { type Alarm, type Clock, systemClock } from "./src/server/clock.ts";
export {
  createLogger,
  type Logger,
  type LoggerOptions,
  type LogLevel,
  type LogLine,
  memoryLogger,
} from "./src/server/log.ts";
export { createTestClock, type TestClock } from "./src/server/test_clock.ts";
export { type TestConnection, testConnection } from "./src/server/test_connection.ts";
export {
  type ConnectOptions,
  type TestAccount,
  type TestServer,
  testServer,
  type TestServerOptions,
} from "./src/server/test_server.ts";
