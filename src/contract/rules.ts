/** The usual rules of a filter as data: what people set without writing Sieve. All members are always there. */

/** How a value is compared: part of it, all of it, or with `*` and `?` (RFC 5228 section 2.7.1). */
export type RuleMatch = "contains" | "is" | "matches";

/** A condition. Of several values one is enough; `not` turns it round. */
export type RuleCondition =
  | {
    /** Who wrote; To and Cc together; Subject; List-Id. `is` compares the address, of a list what is in `<>`. */
    readonly test: "from" | "to" | "subject" | "list";
    readonly match: RuleMatch;
    readonly values: readonly string[];
    readonly not: boolean;
  }
  | {
    readonly test: "header";
    readonly headers: readonly string[];
    readonly match: RuleMatch;
    readonly values: readonly string[];
    readonly not: boolean;
  }
  | { readonly test: "exists"; readonly headers: readonly string[]; readonly not: boolean }
  /** The text of the message contains it. */
  | { readonly test: "body"; readonly values: readonly string[]; readonly not: boolean }
  | {
    readonly test: "size";
    readonly over: boolean;
    /** Octets; exactly so many are neither over nor under. */
    readonly octets: number;
    readonly not: boolean;
  }
  | { readonly test: "attachment"; readonly not: boolean }
  /** The Message-ID came before, within so many seconds (RFC 7352). */
  | { readonly test: "duplicate"; readonly seconds: number; readonly not: boolean };

/** What becomes of a message. Flags are set before anything else, whatever their place. */
export type RuleAction =
  | {
    /** A copy leaves it where it would have gone, too. */
    readonly do: "move" | "copy";
    readonly mailbox: string;
    /** Make the mailbox where it is missing. */
    readonly create: boolean;
  }
  /** System flags with their backslash, and keywords. */
  | { readonly do: "flag"; readonly flags: readonly string[] }
  | { readonly do: "markRead" | "discard" | "keep" | "stop" }
  | {
    readonly do: "forward";
    readonly address: string;
    /** Keep it here, too. */
    readonly keep: boolean;
  }
  | {
    /** To a program or place of the server: `learn`, `maildir:home`. */
    readonly do: "deliver";
    readonly to: string;
    /** Keep it here, too. */
    readonly keep: boolean;
  }
  | {
    /** An answer, to each sender once in so many days (RFC 5230). */
    readonly do: "reply";
    /** Line ends behind it are left out. */
    readonly text: string;
    /** Null: "Auto: " and the subject. */
    readonly subject: string | null;
    /** Null: what the server thinks right. */
    readonly days: number | null;
    readonly from: string | null;
    /** More addresses of the owner. */
    readonly addresses: readonly string[];
  }
  | {
    readonly do: "reject";
    /** Line ends behind it are left out. */
    readonly text: string;
    /** Rather as a refusal by SMTP than as a letter: `ereject` (RFC 5429). */
    readonly early: boolean;
  };

/** A rule that is data. */
export interface PlainRule {
  /** For people; it stands in a comment of the script. */
  readonly name: string;
  readonly enabled: boolean;
  readonly match: "all" | "any";
  /** None: every message. */
  readonly conditions: readonly RuleCondition[];
  readonly actions: readonly RuleAction[];
}

/** A part of a script that is no such rule; kept as it is. */
export interface OpaqueRule {
  readonly name: string;
  readonly sieve: string;
  /** Extensions of Sieve that it needs. */
  readonly requires: readonly string[];
}

/** One of the rules of an account. */
export type FilterRule = PlainRule | OpaqueRule;

/** Something that is wrong with rules. */
export interface RuleProblem {
  /** Where: `rules.0.actions.1.mailbox`. */
  readonly path: string;
  /** One sentence. */
  readonly reason: string;
}
