/**
 * Filters in TypeScript (`Filter`): functions of strangers that run where they can do nothing but answer.
 *
 * - `filter_runner.ts` is the face: a question with a filter and its message, an answer as text.
 * - `cell.ts` is a process without permissions, that is ended where it takes too much; `cell_main.ts` is its program.
 * - `realm.ts` is where the filter runs in it: JavaScript without anything of the world, made anew for each run.
 *
 * Rules: nothing that comes back is believed; `mda/filter/typed.ts` reads it. See ADR 34.
 */
import type { AnswerOf, Args } from "../../contract/mod.ts";

export { FilterRunner, type FilterRunnerOptions } from "./filter_runner.ts";
export { runInRealm } from "./realm.ts";

/** Runs a filter in TypeScript. Rejects where that is not possible now. */
export type RunFilter = (args: Args<"filter.run">) => Promise<AnswerOf<"filter.run">>;

/** Of whoever runs none. */
export const NO_FILTERS: AnswerOf<"filter.run"> = { failed: "filters in TypeScript are not run here" };
