import type { Secret } from "../base/secret.ts";
import type { AnswerOf, Args, Credentials, StorageOp } from "../contract/mod.ts";

/** How the server is, for `/health`. More members may stand beside `status`. */
export interface Health {
  /** `ok` is 200; `stopping` and `failing` are 503, so that whoever balances load goes elsewhere. */
  readonly status: "ok" | "stopping" | "failing";
  readonly [detail: string]: unknown;
}

/** What the HTTP layer needs of the server. */
export interface HttpDeps {
  readonly perform: <K extends StorageOp>(op: K, args: Args<K>) => Promise<AnswerOf<K>>;
  readonly makeCredentials: (
    password: Secret,
  ) => Promise<Credentials | { readonly refused: "password"; readonly text: string }>;
  /** A fresh token of an account, and what is stored of it. */
  readonly makeToken: () => { readonly secret: Secret; readonly hash: string };
  readonly adminToken: Secret;
  /** The text of `/metrics`. */
  readonly metrics: () => string;
  readonly health: () => Health;
  readonly version: string;
  /** The name of this server, for the page at `/`. */
  readonly hostname: string;
  /** Whoever can connect is the administrator: the control socket and the command line in process. Default false. */
  readonly trusted?: boolean;
  /** Rows of the queue became due, or may go out again. */
  readonly queueChanged: () => void;
  /** An account's password or being disabled changed, or it is gone: sessions of it should end. */
  readonly accountChanged?: (address: string) => void;
  /** Wall clock, milliseconds since 1970. */
  readonly now: () => number;
  /** The longest body of a request, octets. Default 1 MiB. */
  readonly bodyLimit?: number;
  /** Told of errors that became a 500 or 503. */
  readonly report?: (error: unknown) => void;
}

/** The HTTP layer: give it a request, it answers. Never rejects. */
export interface HttpApp {
  fetch(request: Request): Promise<Response>;
}
