/** Operators of filters, which all types share (RFC 8620 section 5.5). */
import { MethodError } from "../error.ts";
import { isObject, type Json, shortened } from "../json.ts";

/** Whether an object is what is looked for. */
export type Test<T> = (one: T) => boolean;

const DEPTH = 20;
const CONDITIONS = 200;

/** Reads a filter whose conditions `readCondition` knows: each by its name and value. */
export function readTest<T>(filter: Json | undefined, readCondition: (name: string, value: Json) => Test<T>): Test<T> {
  if (filter === undefined || filter === null) return () => true;
  return read(filter, readCondition, DEPTH, { left: CONDITIONS });
}

function read<T>(
  filter: Json,
  readCondition: (name: string, value: Json) => Test<T>,
  depth: number,
  budget: { left: number },
): Test<T> {
  if (!isObject(filter)) throw new MethodError("invalidArguments", "a filter must be an object");
  if (depth === 0) throw new MethodError("unsupportedFilter", "the filter is nested too deep");
  if (--budget.left < 0) throw new MethodError("unsupportedFilter", "the filter has too many conditions");
  const { operator, conditions } = filter;
  if (operator === undefined) {
    const tests = Object.entries(filter).map(([name, value]) => readCondition(name, value));
    return (one) => tests.every((test) => test(one));
  }
  if (!Array.isArray(conditions) || !["AND", "OR", "NOT"].includes(operator as string)) {
    throw new MethodError("invalidArguments", "operator is AND, OR or NOT, with a list of conditions");
  }
  const tests = conditions.map((one) => read(one as Json, readCondition, depth - 1, budget));
  if (operator === "AND") return (one) => tests.every((test) => test(one));
  if (operator === "OR") return (one) => tests.some((test) => test(one));
  return (one) => !tests.some((test) => test(one));
}

/** Of a condition that the type does not have. */
export function noCondition(name: string): MethodError {
  return new MethodError("unsupportedFilter", `there is no condition ${JSON.stringify(shortened(name, 60))}`);
}

/** Of a condition whose value is of another type. */
export function wrongCondition(name: string): MethodError {
  return new MethodError("invalidArguments", `${shortened(name, 60)} is not as it must be`);
}
