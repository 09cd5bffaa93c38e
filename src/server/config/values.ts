/** Kinds of values of the configuration: what each takes, and the words for what does not fit. */
import { z } from "zod";
import { isIP } from "node:net";
import { domainToAscii, parseDomain } from "../../base/address.ts";
import { formatDuration, formatSize, parseDuration, parseSize } from "./units.ts";

type Refine<T> = (value: unknown) => { readonly value: T } | { readonly reason: string };

/** A value that is read by a function of its own, with its own words. */
function read<T>(refine: Refine<T>) {
  return z.unknown().transform((value, context): T => {
    const result = refine(value);
    if ("value" in result) return result.value;
    context.addIssue({ code: "custom", message: result.reason });
    return z.NEVER;
  });
}

export const shown = (value: unknown): string =>
  value === undefined ? "missing" : JSON.stringify(value)?.slice(0, 60) ?? "?";

export function size(min: number, max: number) {
  const wanted = `a size from ${formatSize(min)} to ${formatSize(max)}, as "50MB"`;
  return read<number>((value) => {
    const octets = typeof value === "number" ? value : typeof value === "string" ? parseSize(value) : null;
    return octets !== null && Number.isSafeInteger(octets) && octets >= min && octets <= max
      ? { value: octets }
      : { reason: `${shown(value)} should be ${wanted}` };
  });
}

export function duration(min: number, max: number) {
  const wanted = `a time from ${formatDuration(min)} to ${formatDuration(max)}, as "30s", "10m", "4h" or "5d"`;
  return read<number>((value) => {
    const ms = typeof value === "string" ? parseDuration(value) : null;
    return ms !== null && ms >= min && ms <= max ? { value: ms } : { reason: `${shown(value)} should be ${wanted}` };
  });
}

export const integer = (min: number, max: number) => {
  const error = (issue: { input?: unknown }) => `${shown(issue.input)} should be a whole number from ${min} to ${max}`;
  return z.number({ error }).int({ error }).min(min, { error }).max(max, { error });
};

export const truth = z.boolean({ error: (issue) => `${shown(issue.input)} should be true or false` });

export const text = (what: string) =>
  z.string({ error: (issue) => `${shown(issue.input)} should be ${what}, in double quotes` }).min(1, {
    error: `"" should be ${what}`,
  });

export const oneOf = <const V extends readonly [string, ...string[]]>(values: V) =>
  z.enum(values, {
    error: (issue) => `${shown(issue.input)} should be one of ${values.map((v) => `"${v}"`).join(", ")}`,
  });

export const domainName = (what: string) =>
  text(what).transform((value, context) => {
    const domain = value.startsWith("[") ? null : parseDomain(value);
    const ascii = domain === null ? null : domainToAscii(domain);
    if (ascii !== null) return ascii;
    context.addIssue({ code: "custom", message: `${shown(value)} should be ${what}` });
    return z.NEVER;
  });

export const ipAddress = text('an IP address, as "0.0.0.0", "127.0.0.1" or "::"').refine((value) => isIP(value) !== 0, {
  error: (issue) => `${shown(issue.input)} should be an IP address, as "0.0.0.0", "127.0.0.1" or "::"`,
});

export const cidr = text("an address or a block of addresses").refine((value) => {
  const [address = "", bits, more] = value.split("/");
  const family = isIP(address);
  if (family === 0 || more !== undefined) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128));
}, { error: (issue) => `${shown(issue.input)} should be an address or a block, as "10.0.0.0/8"` });

export const list = <S extends z.ZodType>(of: S, what: string) =>
  z.array(of, { error: (issue) => `${shown(issue.input)} should be a list of ${what}, in [ ]` });

export const object = <S extends z.ZodRawShape>(shape: S) =>
  z.strictObject(shape, {
    error: (issue) => issue.code === "invalid_type" ? `${shown(issue.input)} should be an object, in { }` : undefined,
  });

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
export const KB = 1024;
export const MB = KB * KB;
