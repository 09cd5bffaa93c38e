/**
 * Sieve: the language in which people say what should happen with their mail (RFC 5228), and its extensions.
 *
 * - `extensions/` has a file for each extension, with its commands, tests and tags and what they do; `extension.ts` puts
 *   them together.
 * - `syntax/` makes tokens and a tree; `check/` holds that against the language and finds all errors.
 * - `match/` compares: comparators, wildcards, regular expressions.
 * - `typed/` makes a script of the actions that a filter in TypeScript asks for.
 * - `run/` runs a checked script; `facts.ts` is what it is told and may ask, `result.ts` what it says should happen.
 *
 * Rules: a script does nothing, it decides; whoever runs it carries the actions out. A message is never lost by an
 * error: whatever goes wrong at run time, the mail is kept and the owner told why. Everything that a script or a
 * message can make large has a bound (`limits.ts`), and no pattern takes more time than its length times the text's.
 */
export { SieveCache } from "./cache.ts";
export { checkSieve, formatSieveError, type ParsedSieve, parseSieve, type SieveParseOptions } from "./parse.ts";
export { SIEVE_EXTENSIONS, SIEVE_NOTIFY_METHODS, SIEVE_PIPE } from "./language.ts";
export { type SieveFacts, type SieveWorld, sieveWorld } from "./facts.ts";
export { sieveLetter, type SieveLetterFacts } from "./letter.ts";
export { SIEVE_LIMITS, type SieveLimits } from "./limits.ts";
export type {
  SieveAction,
  SieveFailure,
  SieveFiling,
  SieveLetter,
  SieveLogLine,
  SievePiece,
  SievePlace,
  SieveRemember,
  SieveResult,
  SieveSaid,
  SieveVersion,
} from "./result.ts";
export { readRules } from "./rules/read_rules.ts";
export { writeRules } from "./rules/write_rules.ts";
export { type MadeScript, type NamedScript, runSieve, runSieveSequence, type SieveStep } from "./run/run_sieve.ts";
export { formatSieveLogLine, sievePlace, sieveSentence } from "./sentence.ts";
export type { SieveScript } from "./script.ts";
export type { SieveError } from "./syntax/tree.ts";
export { type ReadActions, readActions } from "./typed/read_actions.ts";
export { actionAt, writeActions, type WrittenActions } from "./typed/write_actions.ts";
export { sieveWarnings } from "./warnings.ts";
