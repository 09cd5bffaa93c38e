/**
 * The resolver. Deno's own interfaces give the same error for a name that does not exist, a name without such records,
 * a broken server and a refusal, which would turn a passing failure into a bounce; so this one speaks DNS itself
 * (RFC 1035, RFC 6891) and gives one of four answers: `ok`, `nodata`, `nxdomain`, `tempfail`.
 *
 * Rules:
 * - Only what answers the question is believed: server, id, question and the random case of its letters must match.
 * - Whatever is not proven (time-out, SERVFAIL, REFUSED, nonsense) is `tempfail`, and `resolve` never rejects.
 * - `authenticated` is the AD bit of a resolver on this machine, or of one that the configuration names as trusted.
 * - Everything is bounded: chains of CNAME, tries, the cache, questions under way.
 *
 * `scriptedResolver` is its twin for tests and for `testServer()`.
 */
export { createResolver, type Resolver, type ResolverOptions } from "./resolver.ts";
export { type ScriptedAnswer, scriptedResolver, type ScriptedZones } from "./scripted.ts";
