/** Authentication-Results (RFC 8601 section 2) as records. */

/** What one field says: who checked, and what came out. */
export interface AuthenticationResults {
  /** The name under which the checking server is known, as it was written, without quotes. */
  readonly authservId: string;
  /** Version of the field's format; 1 where none is written. */
  readonly version: number;
  /** Empty where nothing was checked (`none`). */
  readonly results: readonly ResultInfo[];
}

/** What one method found; a `MethodResult` is one. Read from a field, names and results are in lower case. */
export interface ResultInfo {
  readonly method: string;
  /** Version of the method; 1 where none is written. */
  readonly version?: number;
  readonly result: string;
  /** The comment behind the result: for people only, nothing may be decided by it. */
  readonly comment?: string | null;
  readonly reason: string | null;
  readonly properties: readonly ResultProperty[];
}

/** `ptype.property=value`, for example `smtp.mailfrom=alice@example.org`. */
export interface ResultProperty {
  /** `smtp`, `header`, `body`, `policy` or `dns`; others may be registered (RFC 8601 section 2.3). */
  readonly ptype: string;
  readonly property: string;
  readonly value: string;
}

/** Most results of one field that are read or written. */
export const RESULTS_LIMIT = 100;
/** Most properties of one result. */
export const PROPERTIES_LIMIT = 50;

/** RFC 2045 section 5.1 token, with the characters that RFC 6532 adds. */
export function isToken(text: string): boolean {
  return text.length > 0 && /^[!#$%&'*+\-.0-9A-Z^_`a-z{|}~\u00a0-\uffff]+$/.test(text);
}

/** RFC 5321 section 4.1.2 Keyword, with the `_` that stands in properties people use. */
export function isKeyword(text: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9_-]*$/.test(text);
}
