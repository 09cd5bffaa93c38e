/** What the answer of a push service means, and how long it is left alone after it. */
import { parseDigits } from "../base/ascii.ts";

/** `gone`: this place will never take anything again. `tooLarge`: this message never. `later`: not now. */
export type PushAnswer =
  | { readonly kind: "taken" }
  | { readonly kind: "gone" }
  | { readonly kind: "tooLarge" }
  | {
    readonly kind: "later";
    /** It said that we ask too often. */
    readonly tooOften: boolean;
    /** What it asked us to wait, milliseconds; null: it did not say. */
    readonly waitMs: number | null;
  };

const FIRST_MS = 15_000;
const LONGEST_MS = 3_600_000;
/** Nobody can have us wait longer. */
const OBEYED_MS = 24 * 3_600_000;

/** RFC 8030 sections 5 and 7.3; `retryAfter` as it stands in the header. Redirects are not followed. */
export function pushAnswer(status: number, retryAfter: string | null, now: number): PushAnswer {
  if (status >= 200 && status < 300) return { kind: "taken" };
  if (status === 404 || status === 410) return { kind: "gone" };
  if (status === 413) return { kind: "tooLarge" };
  return { kind: "later", tooOften: status === 429, waitMs: readRetryAfter(retryAfter, now) };
}

/** RFC 9110 section 10.2.3: seconds, or a date. */
function readRetryAfter(text: string | null, now: number): number | null {
  if (text === null) return null;
  const seconds = parseDigits(text.trim(), OBEYED_MS);
  const date = / GMT$/.test(text) ? Date.parse(text.slice(0, 40)) : NaN;
  const ms = seconds === null ? date - now : seconds * 1000;
  return Number.isNaN(ms) ? null : Math.max(0, Math.min(OBEYED_MS, ms));
}

/** After so many failures one after the other; `jitter` in [0, 1) keeps those who failed together apart. */
export function pushDelay(failures: number, asked: number | null, jitter: number): number {
  const own = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(failures - 1, 20));
  return Math.max(asked ?? 0, Math.round(own * (0.75 + jitter / 2)));
}
