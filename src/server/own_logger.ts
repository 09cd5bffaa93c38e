/** The log of a process, where the configuration wants it. */
import type { Clock } from "./clock.ts";
import type { Config } from "./config/mod.ts";
import { createLogger, type Logger } from "./log.ts";

const encoder = new TextEncoder();

/** Writes at once: what was logged is there when the process ends. */
export function ownLogger({ log: { level, format, output } }: Pick<Config, "log">, clock: Clock): Logger {
  const stream = output === "stdout" ? Deno.stdout : Deno.stderr;
  return createLogger({
    level,
    format: format === "auto" ? (stream.isTerminal() ? "text" : "json") : format,
    write: (text) => {
      const bytes = encoder.encode(text);
      for (let at = 0; at < bytes.length;) at += stream.writeSync(bytes.subarray(at));
    },
    now: () => clock.wall(),
  });
}
