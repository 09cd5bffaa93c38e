/** What is wrong with a script, in whichever language it is. */
import { isFilterName } from "../contract/mod.ts";
import type { ScriptError } from "../http/sieve_desk.ts";
import { formatSieveError, type SieveCache } from "../sieve/mod.ts";
import { NO_FILTERS, type RunFilter } from "./typed_filters/mod.ts";

/** Empty where it can run. `typed`: whoever's it is may have filters in TypeScript. */
export async function checkScript(
  name: string,
  content: string,
  { scripts, typed, runFilter }: { scripts: SieveCache; typed: boolean; runFilter: RunFilter | undefined },
): Promise<readonly ScriptError[]> {
  if (isFilterName(name)) return await checkFilter(content, typed, runFilter);
  const parsed = scripts.get(content);
  if ("script" in parsed) return [];
  return parsed.errors.map((error) => {
    const { line, column } = error;
    return { line, column, reason: formatSieveError(error).slice(`${line}:${column}: `.length) };
  });
}

/** A filter in TypeScript is read where it will run, but not called. */
async function checkFilter(source: string, typed: boolean, runFilter?: RunFilter): Promise<readonly ScriptError[]> {
  const answer = !typed
    ? { failed: "filters in TypeScript are not allowed here (sieve.typescript)" }
    : await runFilter?.({ accountId: null, source, input: null }) ?? NO_FILTERS;
  if (!("failed" in answer)) return [];
  const line = Number(/\(line (\d+)\)$/.exec(answer.failed)?.[1] ?? 1);
  return [{ line, column: 1, reason: answer.failed }];
}
