/** The configuration for whoever administers: as it holds, without secrets; and whether another text would be right. */
import { Secret } from "../base/secret.ts";
import type { ConfigurationDesk } from "../http/configuration_desk.ts";
import { type Config, loadConfig } from "./config/mod.ts";

const GIVEN = "palomar.jsonc";

export function configurationDesk(config: Config): ConfigurationDesk {
  return {
    show: () => shown(config) as Record<string, unknown>,
    check(text) {
      // Variables of the environment belong to the process that would read it.
      const loaded = loadConfig({ file: GIVEN, env: new Map(), cwd: "/", readFile: () => text });
      if ("config" in loaded) return [];
      return loaded.map(({ where, path, reason }) => {
        const [, line, column] = /:(\d+):(\d+)$/.exec(where) ?? [];
        return { path, reason, ...(line && column && { line: Number(line), column: Number(column) }) };
      });
    },
  };
}

function shown(value: unknown): unknown {
  if (value instanceof Secret) return "***";
  if (value instanceof Map) return Object.fromEntries([...value].map(([name, one]) => [String(name), shown(one)]));
  if (Array.isArray(value)) return value.map(shown);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, shown(one)]));
}
