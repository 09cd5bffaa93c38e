/** The language as this implementation has it. */
import { languageOf, type SieveLanguage } from "./extension.ts";
import { EXTENSIONS } from "./extensions/mod.ts";

/** All commands, tests, tags and comparators. */
export const SIEVE_LANGUAGE: SieveLanguage = languageOf(EXTENSIONS);

/** All that this implementation knows; a server advertises what its world can answer of it (`SieveWorld`). */
export const SIEVE_EXTENSIONS: readonly string[] = [...SIEVE_LANGUAGE.names].sort();

/** Schemes of URIs that `notify` takes (RFC 5435 section 8, and the capability NOTIFY of RFC 5804 section 1.7). */
export const SIEVE_NOTIFY_METHODS: readonly string[] = ["mailto"];

/** What is there only where the server's owner named programs or places for mail. */
export const SIEVE_PIPE = "vnd.dovecot.pipe";
