import type { AuditDesk } from "./audit_desk.ts";
import type { BanDesk } from "./ban_desk.ts";
import type { ConfigurationDesk } from "./configuration_desk.ts";
import type { LogDesk } from "./log_desk.ts";
import type { SessionDesk } from "./session_desk.ts";
import type { StatisticsDesk } from "./statistics_desk.ts";
import type { SendDesk } from "./send_desk.ts";
import type { InboundDesk } from "./inbound_desk.ts";
import type { WebhookDesk } from "./webhook_desk.ts";
import type { SuppressionDesk } from "./suppression_desk.ts";
import type { ServerScriptDesk } from "./server_scripts.ts";
import type { SieveDesk } from "./sieve_desk.ts";
import type { JmapDesk, Shown } from "./jmap/desk.ts";
import type { PeopleDesk } from "./sign_in/people_desk.ts";
import type { HttpClient } from "./client.ts";
import type { Mend } from "../storage/storage.ts";
import type { ReportDesk } from "./report_desk.ts";
import type { Secret } from "../base/secret.ts";
import type {
  AnswerOf,
  Args,
  BlobId,
  Credentials,
  DirectoryRefused,
  EnvelopeRecipient,
  EnvelopeSender,
  Login,
  LoginRefused,
  QueueRow,
  Refusal,
  Scope,
  StorageOp,
  TraceId,
} from "../contract/mod.ts";

/** How the server is, for `/health`. More members may stand beside `status`. */
export interface Health {
  /** `ok` is 200; `stopping` and `failing` are 503, so that whoever balances load goes elsewhere. */
  readonly status: "ok" | "stopping" | "failing";
  readonly [detail: string]: unknown;
}

/** Whether work should come here. */
export interface Readiness {
  readonly ready: boolean;
  /** What was looked at, and how it is. */
  readonly checks: Readonly<Record<string, string>>;
}

/** A DKIM key without its private half. Times in milliseconds since 1970. */
export interface DkimKeyInfo {
  readonly selector: string;
  readonly algorithm: "rsa" | "ed25519";
  /** `waiting` for its record to be published, `active` signs, `retired` signed until a rotation. */
  readonly state: "waiting" | "active" | "retired";
  /** Where its TXT record belongs, without a final dot, and the text of that. */
  readonly name: string;
  readonly record: string;
  readonly createdAt: number;
  readonly changedAt: number;
}

/** An attempt to activate the waiting keys of a domain. */
export interface DkimActivation {
  /** Selectors that sign from now on; none: something was missing, and nothing has changed. */
  readonly activated: readonly string[];
  /** What the DNS says of each key that waited. */
  readonly lookups: readonly {
    readonly selector: string;
    readonly status: "ok" | "missing" | "different" | "unknown";
    readonly detail: string;
  }[];
  readonly keys: readonly DkimKeyInfo[];
}

/** The DKIM keys of domains. */
export interface DkimAdmin {
  list(domain: string): Promise<readonly DkimKeyInfo[]>;
  /** Keys that sign at once, for a domain that never had any; leaves others alone. */
  begin(domain: string): Promise<readonly DkimKeyInfo[]>;
  /** New keys, which wait. */
  rotate(domain: string): Promise<readonly DkimKeyInfo[] | DirectoryRefused>;
  /** Lets the waiting keys sign if their records are in the DNS, or in any case; the old ones retire. */
  activate(domain: string, force: boolean): Promise<DkimActivation | DirectoryRefused>;
  /** Removes a key; one that signs only by force. */
  remove(domain: string, selector: string, force: boolean): Promise<{ removed: true } | DirectoryRefused>;
  /** The domain is gone: so are its keys. */
  forget(domain: string): Promise<void>;
}

/** A record for whoever keeps the zone. */
export interface DnsRecordAdvice {
  readonly kind:
    | "mx"
    | "address"
    | "ptr"
    | "spf"
    | "spfHost"
    | "dkim"
    | "dmarc"
    | "sts"
    | "stsHost"
    | "tlsReport"
    | "tlsa"
    | "srv"
    | "caa";
  /** Without `required` ones mail is lost or refused; `recommended` ones make it safer. */
  readonly need: "required" | "recommended" | "optional";
  /** Absolute, with its final dot. */
  readonly name: string;
  readonly type: "A" | "AAAA" | "MX" | "TXT" | "CNAME" | "SRV" | "PTR" | "TLSA" | "CAA";
  /** As in a zone file. What this server cannot know stands in angle brackets. */
  readonly value: string;
  readonly why: string;
  /** Of a DKIM key. */
  readonly selector?: string;
}

/** A record compared with what the DNS says now. `unknown`: it did not answer. */
export interface DnsFinding extends DnsRecordAdvice {
  readonly status: "ok" | "missing" | "different" | "unknown";
  readonly found: readonly string[];
  /** What to do, for a person; empty where all is well. */
  readonly detail: string;
}

/** The DNS of domains. */
export interface DnsAdmin {
  records(domain: string): Promise<readonly DnsRecordAdvice[]>;
  check(domain: string): Promise<readonly DnsFinding[]>;
  /** The MTA-STS policy of a domain (RFC 8461 section 3.2); null: it is none of ours. */
  stsPolicy(domain: string): Promise<string | null>;
}

/** A message to be sent, as it comes in. Its lines may end as they like. */
export interface SubmittedMessage {
  readonly sender: Pick<EnvelopeSender, "reversePath" | "ret" | "envid" | "priority" | "verp">;
  readonly recipients: readonly EnvelopeRecipient[];
  readonly body: AsyncIterable<Uint8Array> | null;
}

/** What became of a message for the mailboxes of this server, in the order of its recipients. */
export interface DeliveredMessage {
  readonly accepted: TraceId;
  /** Why it was not taken for one of them, or null; and whether its sender is told so. */
  readonly recipients: readonly { readonly refusal: Refusal | null; readonly returned: boolean }[];
}

/** What the HTTP layer needs of the server. */
export interface HttpDeps {
  readonly perform: <K extends StorageOp>(op: K, args: Args<K>) => Promise<AnswerOf<K>>;
  readonly makeCredentials: (
    password: Secret,
  ) => Promise<Credentials | { readonly refused: "password"; readonly text: string }>;
  /** A fresh token of an account, and what is stored of it. */
  readonly makeToken: () => { readonly secret: Secret; readonly hash: string };
  readonly dkim: DkimAdmin;
  /** What others report about our domains. */
  readonly reports: ReportDesk;
  readonly dns: DnsAdmin;
  readonly sieve: SieveDesk;
  /** Those of the server. */
  readonly serverScripts: ServerScriptDesk;
  /** Programs and places that mail may go to, by their names in one spelling. */
  readonly targets: readonly { readonly name: string; readonly arguments: number; readonly off: string | null }[];
  /** Left out: there is no JMAP here. */
  readonly jmap?: JmapDesk;
  /** Who asks and where he reached the server, where proxies stand before it. Left out: the peer, as the request says. */
  readonly seen?: (request: Request, peer: HttpClient | undefined) => HttpClient;
  /** Left out: people do not sign in here, and there is no OAuth. */
  readonly people?: PeopleDesk;
  /** Whether clients of OAuth may register by themselves. Default true. */
  readonly openRegistration?: boolean;
  /** Tells of accounts whose password changed, that were disabled, or that are gone. */
  readonly onAccountChanged?: (listener: (address: string) => void) => void;
  /** Tells that the server is about to stop: what waits for news should end by itself. */
  readonly onStop?: (listener: () => void) => void;
  readonly adminToken: Secret;
  /** Who somebody is that administers by the login of an account; left out: the admin token alone is taken. */
  readonly logIn?: (shown: Shown, address: string, door: Scope) => Promise<Login | LoginRefused>;
  /** Whether somebody knows the password of his account, no token in its place; with delays as at a login. */
  readonly provePassword?: (login: string, password: Secret, address: string) => Promise<object | LoginRefused>;
  readonly bans: BanDesk;
  /** Somebody showed the right token from this address. */
  readonly adminSeen?: (address: string) => void;
  /** The text of `/metrics`. */
  readonly metrics: () => string | Promise<string>;
  /** Whether somebody with this bearer token (null: none) may see them from there; left out: everybody may. */
  readonly maySeeMetrics?: (token: string | null, address: string) => boolean;
  readonly health: () => Health;
  /** For `/ready`; left out: ready where the health is. */
  readonly ready?: () => Promise<Readiness>;
  /** What of the server is there only where one runs. */
  readonly sessions?: SessionDesk;
  readonly logs?: LogDesk;
  readonly statistics?: StatisticsDesk;
  readonly configuration?: ConfigurationDesk;
  readonly version: string;
  /** The name of this server, for the page at `/`. */
  readonly hostname: string;
  /** Whoever can connect is the administrator: the control socket and the command line in process. Default false. */
  readonly trusted?: boolean;
  /** Rows of the queue became due, or may go out again. */
  readonly queueChanged: () => void;
  /** Takes a message for whoever administers the server. When it answers `accepted`, the message is on disk. */
  readonly submit: (message: SubmittedMessage) => Promise<{ accepted: TraceId } | { refused: Refusal }>;
  /** Messages by `POST /send`. */
  readonly sending: SendDesk;
  /** Whom that leaves alone. */
  readonly suppressions: SuppressionDesk;
  /** Who is told of events. */
  readonly webhooks: WebhookDesk;
  /** Who brings mail. */
  readonly inbound: InboundDesk;
  /** Octets of the largest message; left out: 50 MB. */
  readonly messageSize?: number;
  /**
   * Takes a message for recipients of this server, as LMTP does; `bounce`: the sender of what a recipient refuses for
   * good is told. What is answered to be taken is on disk.
   */
  readonly deliver: (
    message: SubmittedMessage,
    bounce: boolean,
  ) => Promise<DeliveredMessage | { refused: Refusal }>;
  /** Begins a body of the store. */
  readonly openBody: () => BodyIntake;
  /** An account's password or being disabled changed, or it is gone: sessions of it should end. */
  readonly accountChanged?: (address: string) => void;
  /** Wall clock, milliseconds since 1970. */
  readonly now: () => number;
  /** Why a row of the queue waits, for a person. */
  readonly waitReason: (row: QueueRow, now: number) => string;
  /** A way for rows of the queue (`host:port` or a domain) in its one spelling; null: it is none. */
  readonly canonicalWay: (text: string) => string | null;
  /** What a look through the store found is made right; missing where the driver has no such look. */
  readonly mend?: (what: Mend) => Promise<boolean>;
  /** The longest body of a request, octets. Default 1 MiB. */
  readonly bodyLimit?: number;
  /** Where changes are written down; left out: nowhere. */
  readonly audit?: AuditDesk;
  /** The server's log. */
  readonly log?: (
    level: "debug" | "info" | "warn",
    event: string,
    fields: Readonly<Record<string, string | number | boolean | null>>,
  ) => void;
  /** A request was answered. `route` is its template, so that there are few of them. */
  readonly requestDone?: (done: RequestDone) => void;
  /** Told of errors that became a 500 or 503. */
  readonly report?: (error: unknown, requestId?: string | null) => void;
}

/** How a request went. */
export interface RequestDone {
  readonly method: string;
  readonly route: string;
  readonly status: number;
  readonly seconds: number;
}

/** A body on its way into the store. */
export interface BodyIntake {
  /** The chunk is borrowed until the call returns or its promise resolves. */
  write(chunk: Uint8Array): void | Promise<void>;
  /** Ends it: it can be used by operations until `close`. */
  seal(): Promise<{ readonly blobId: BlobId; readonly size: number }>;
  /** Lets go of it. */
  close(): void;
}

/** The HTTP layer: give it a request, it answers. Never rejects. */
export interface HttpApp {
  fetch(request: Request, client?: HttpClient): Promise<Response>;
}
