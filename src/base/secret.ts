/**
 * A value that must never be printed: a password, a token, a key. Logs, errors and JSON show `‹secret›`.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { Secret } from "./secret.ts";
 * const password = new Secret("hunter2");
 * assert(`${password}` === "‹secret›");
 * assert(password.reveal() === "hunter2");
 * ```
 */
export class Secret<T = string> {
  readonly #value: T;

  constructor(value: T) {
    this.#value = value;
  }

  /** The value itself. Call it only where the secret is used, never where something is printed. */
  reveal(): T {
    return this.#value;
  }

  toString(): string {
    return "‹secret›";
  }

  toJSON(): string {
    return "‹secret›";
  }

  [Symbol.for("Deno.customInspect")](): string {
    return "‹secret›";
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return "‹secret›";
  }
}
