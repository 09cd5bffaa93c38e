import { type OAuthError, refusal } from "./error.ts";

/** The longest value of a parameter that is looked at, characters. */
const LONGEST = 2000;
/** More parameters than any request has. */
const MOST = 50;

/** Parameters of a request, each at most once (RFC 6749 sections 3.1 and 3.2). */
export class Parameters {
  readonly #values = new Map<string, string>();
  /** Why the request cannot be understood, or null. */
  readonly problem: OAuthError | null;
  /** Names that stood there several times, or with too long a value. */
  readonly unusable: ReadonlySet<string>;

  constructor(pairs: Iterable<readonly [string, string]>, longest = LONGEST) {
    const unusable = new Set<string>();
    let problem: OAuthError | null = null;
    let count = 0;
    for (const [name, value] of pairs) {
      if (++count > MOST) {
        problem ??= refusal("invalid_request", "there are too many parameters");
        break;
      }
      if (value === "") continue; // RFC 6749 section 3.1: as if it were left out
      if (value.length > longest) {
        unusable.add(name);
        problem ??= refusal("invalid_request", "a parameter is too long");
      } else if (!this.#values.has(name)) this.#values.set(name, value);
      else if (name !== "resource") { // RFC 8707 section 2 lets it stand several times
        unusable.add(name);
        problem ??= refusal("invalid_request", "a parameter stands there more than once");
      }
    }
    this.problem = problem;
    this.unusable = unusable;
  }

  /** The value, or null: it is not there, or not once. */
  get(name: string): string | null {
    return this.unusable.has(name) ? null : this.#values.get(name) ?? null;
  }
}
