/** Answers that are still good. Bounded in count; the oldest entry makes room. */
import type { DnsAnswer } from "../contract/mod.ts";

const LONGEST_POSITIVE = 24 * 3600; // seconds
const LONGEST_NEGATIVE = 3 * 3600; // RFC 2308 section 5

export interface AnswerCache {
  /** The answer with the time it has left, or null. `now` in milliseconds. */
  get(key: string, now: number): DnsAnswer | null;
  put(key: string, answer: DnsAnswer, now: number): void;
  clear(): void;
}

export function answerCache(limit: number): AnswerCache {
  const entries = new Map<string, { readonly answer: DnsAnswer; readonly until: number }>();
  return {
    get(key, now) {
      const entry = entries.get(key);
      if (!entry || entry.answer.kind === "tempfail") return null;
      if (entry.until <= now) {
        entries.delete(key);
        return null;
      }
      return { ...entry.answer, ttl: Math.ceil((entry.until - now) / 1000) };
    },
    put(key, answer, now) {
      if (answer.kind === "tempfail") return; // RFC 2308 section 7: not ours to keep; the next question asks again
      const ttl = Math.min(answer.ttl, answer.kind === "ok" ? LONGEST_POSITIVE : LONGEST_NEGATIVE);
      if (ttl <= 0) return;
      entries.delete(key); // so that the new entry is the youngest
      if (entries.size >= limit) {
        const oldest = entries.keys().next().value;
        if (oldest !== undefined) entries.delete(oldest);
      }
      entries.set(key, { answer, until: now + ttl * 1000 });
    },
    clear: () => entries.clear(),
  };
}
