/**
 * Filters of other programs as Sieve: `.procmailrc`, maildrop's `.mailfilter`, scripts of other servers. Each tells what
 * it could not say, by line, and has it as comments in the script. Pure; what is read has bounds (`IMPORT_LIMITS`).
 */
export { IMPORT_LIMITS, type ImportedScript, type Untranslated } from "./imported.ts";
export { importMaildrop } from "./maildrop.ts";
export { importProcmail } from "./procmail.ts";
export { importSieve } from "./sieve_file.ts";
