/** From the text of a script to one that can run, or to all that is wrong with it. */
import { checkCommands } from "./check/check.ts";
import type { CheckContext } from "./check/context.ts";
import { SIEVE_EXTENSIONS, SIEVE_LANGUAGE } from "./language.ts";
import { SIEVE_LIMITS, type SieveLimits } from "./limits.ts";
import type { SieveScript } from "./script.ts";
import { parseCommands } from "./syntax/parser.ts";
import { ErrorList, type SieveError } from "./syntax/tree.ts";

/** How a script is read. */
export interface SieveParseOptions {
  /** Extensions that may be required; all by default. */
  readonly extensions?: Iterable<string>;
  readonly limits?: SieveLimits;
}

/** A script that can run, or why there is none: all errors at once, in the order of their places. */
export type ParsedSieve = { readonly script: SieveScript } | { readonly errors: readonly SieveError[] };

/**
 * Parses and checks a script (RFC 5228 sections 2, 3.2 and 8). Linear in its text. `options.limits` bounds its size,
 * its nesting and how many errors are reported.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { parseSieve } from "./parse.ts";
 * const parsed = parseSieve('fileinto "Lists";');
 * assert("errors" in parsed && parsed.errors[0]?.expected === 'require "fileinto"');
 * ```
 */
export function parseSieve(text: string, options: SieveParseOptions = {}): ParsedSieve {
  const limits = options.limits ?? SIEVE_LIMITS;
  const errors = new ErrorList(limits.errors);
  if (text.length > limits.scriptSize) {
    errors.add(
      { line: 1, column: 1 },
      `A script has at most ${limits.scriptSize} characters; this one has ${text.length}.`,
    );
    return { errors: errors.errors };
  }
  const context: CheckContext = {
    errors,
    limits,
    language: SIEVE_LANGUAGE,
    known: new Set(options.extensions ?? SIEVE_EXTENSIONS),
    required: new Set(),
  };
  const parsed = parseCommands(text, limits, errors);
  const commands = checkCommands(parsed, context);
  if (errors.errors.length === 0) return { script: { commands, extensions: context.required } };
  return { errors: [...errors.errors].sort((a, b) => a.line - b.line || a.column - b.column) };
}

/** All that is wrong with a script, for people and for programs; empty where it can run. */
export function checkSieve(text: string, options: SieveParseOptions = {}): readonly SieveError[] {
  const parsed = parseSieve(text, options);
  return "errors" in parsed ? parsed.errors : [];
}

/** An error as one line: `3:7: … (found …, expected …)`. */
export function formatSieveError(error: SieveError): string {
  const found = error.found === "" ? "" : ` Found: ${error.found}.`;
  const expected = error.expected === "" ? "" : ` Expected: ${error.expected}.`;
  return `${error.line}:${error.column}: ${error.message}${found}${expected}`;
}
