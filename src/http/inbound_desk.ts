/** Who brings mail by HTTP, and what becomes of it, as the API shows them. Times in milliseconds since 1970. */
import type { Refusal } from "../contract/mod.ts";
import type { Secret } from "../base/secret.ts";

export interface InboundSettings {
  readonly name: string;
  /** Recipients are of these; none: of any domain here. */
  readonly domains: readonly string[];
  /** What it tells of the client it took the message from is believed: SPF and block lists go by it. */
  readonly believed: boolean;
  readonly enabled: boolean;
}

export interface InboundSource extends InboundSettings {
  readonly id: string;
  readonly createdAt: number;
  /** To a day or so. */
  readonly lastUsedAt: number | null;
}

/** A message that is brought. */
export interface InboundMessage {
  readonly sender: string;
  readonly recipients: readonly string[];
  /** From whom the source took it. */
  readonly client: { readonly address: string | null; readonly helo: string | null };
  /** Its lines may end as they like. */
  readonly octets: AsyncIterable<Uint8Array> | null;
  /** What the source calls it: the same message comes again under it. */
  readonly key: string | null;
  /** Where the request came from. */
  readonly address: string;
}

/** What became of it, in the order of the recipients. */
export interface InboundTaken {
  readonly traceId: string;
  readonly recipients: readonly (Refusal | null)[];
}

export type InboundAnswer =
  | { readonly taken: InboundTaken; readonly replayed: boolean }
  | { readonly refused: Refusal; readonly recipients?: readonly (Refusal | null)[] }
  /** The same message is being taken, or too many are. */
  | { readonly busy: string };

export type InboundRefused = { readonly refused: "tooMany"; readonly text: string };

export interface InboundDesk {
  list(): Promise<readonly InboundSource[]>;
  get(id: string): Promise<InboundSource | null>;
  /** The token is shown here and never again. */
  add(settings: InboundSettings): Promise<{ readonly source: InboundSource; readonly token: string } | InboundRefused>;
  /** Changes what is given. Null: there is none. */
  change(id: string, change: Partial<InboundSettings>): Promise<InboundSource | null>;
  remove(id: string): Promise<boolean>;
  /** A new token in place of the old one. */
  rotate(id: string): Promise<{ readonly source: InboundSource; readonly token: string } | null>;
  /** Whose token this is; null: nobody's who may bring mail. */
  find(token: Secret): Promise<InboundSource | null>;
  /** Through all that mail at port 25 passes. When it answers `taken`, the message is on disk. */
  receive(source: InboundSource, message: InboundMessage): Promise<InboundAnswer>;
}
