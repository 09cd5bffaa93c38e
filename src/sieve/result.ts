/** What a run says should happen. Nothing has happened yet: whoever asked does it, in one transaction. */

/** A place in one of the scripts of a run. */
export interface SievePlace {
  readonly script: string;
  /** 0: of the script as a whole, because it has no lines of Sieve. */
  readonly line: number;
}

/** The message in one of its forms. Header edits, `replace` and `enclose` make new ones. */
export interface SieveVersion {
  /** One behind the other they are the message: ranges of the blob, and octets. */
  readonly pieces: readonly SievePiece[];
}

/** A range `[start, end)` of the blob, or octets as they are. */
export type SievePiece = { readonly start: number; readonly end: number } | { readonly octets: Uint8Array };

/** Filing a copy of a message that is sent (RFC 8580). */
export interface SieveFiling {
  readonly mailbox: string;
  readonly flags: readonly string[];
  /** To be made where it is not there (RFC 5490 section 3.2). */
  readonly create: boolean;
  /** The special use that a mailbox which is made gets (RFC 8579 section 4). */
  readonly specialUse: string | null;
}

/** A message that the run wants to be sent, but for its Date and Message-ID. */
export interface SieveLetter {
  /** The sender of the envelope is null (RFC 3834 section 3.3). */
  readonly to: readonly string[];
  /** Unicode values, unfolded. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** `text`: the words of a text/plain message; `entity`: MIME fields, a blank line, the body. */
  readonly content: { readonly text: string } | { readonly entity: string };
}

/** One thing to be done. `version` is an index into `SieveResult.versions`. */
export type SieveAction =
  /** `implicit`: nobody said so, and nobody said otherwise (RFC 5228 section 2.10.2). */
  | (SieveSaid & {
    readonly kind: "keep";
    readonly implicit: boolean;
    readonly flags: readonly string[];
    readonly version: number;
  })
  | (SieveSaid & SieveFiling & { readonly kind: "fileinto"; readonly version: number })
  | (SieveSaid & { readonly kind: "redirect"; readonly address: string; readonly version: number })
  /** To a program or place of the server. `attempt`: what it refuses is kept (`:try`). */
  | (SieveSaid & {
    readonly kind: "pipe";
    readonly name: string;
    readonly arguments: readonly string[];
    readonly attempt: boolean;
    readonly version: number;
  })
  /** Only says that there is no implicit keep: nothing is undone by it (RFC 5228 section 4.4). */
  | (SieveSaid & { readonly kind: "discard" })
  /** `extended`: `ereject`, to be refused in SMTP or LMTP wherever that is possible (RFC 5429 section 2.1). */
  | (SieveSaid & { readonly kind: "reject"; readonly reason: string; readonly extended: boolean })
  | (SieveSaid & { readonly kind: "vacation"; readonly letter: SieveLetter; readonly fcc: SieveFiling | null })
  | (SieveSaid & {
    readonly kind: "notify";
    readonly letter: SieveLetter;
    /** 1 high, 2 normal, 3 low. */
    readonly importance: 1 | 2 | 3;
    readonly fcc: SieveFiling | null;
  });

/** Where a script said so. */
export interface SieveSaid {
  /** Null for the implicit keep. */
  readonly at: SievePlace | null;
}

/** A key for `SieveWorld.seen`, to be remembered once the actions are done. */
export interface SieveRemember {
  readonly key: string;
  readonly seconds: number;
}

/** One step of a run, for whoever wants to know why. */
export interface SieveLogLine extends SievePlace {
  readonly kind: "test" | "action" | "note" | "error";
  /** The test as the script has it, the action, or a sentence. */
  readonly text: string;
  /** Of a test. */
  readonly result?: boolean;
}

/** Why a script ended before its end. */
export interface SieveFailure extends SievePlace {
  /** One sentence for the owner. */
  readonly message: string;
}

/** The outcome of a run. */
export interface SieveResult {
  /** In order. A run that failed has a keep, so no message is ever lost by an error. */
  readonly actions: readonly SieveAction[];
  /** Whether the keep in `actions`, if any, is the implicit one. */
  readonly implicitKeep: boolean;
  /** At 0 the message as it came. */
  readonly versions: readonly SieveVersion[];
  readonly remember: readonly SieveRemember[];
  readonly log: readonly SieveLogLine[];
  /** Errors of scripts at run time; what such a script had decided before is dropped. */
  readonly failures: readonly SieveFailure[];
  /** Steps of `SieveLimits.steps` that were used. */
  readonly steps: number;
}
