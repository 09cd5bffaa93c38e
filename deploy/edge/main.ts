/**
 * JMAP, the administration and the well-known paths without a listener: for `deno serve`, near the people who ask.
 * Mail is received, sent and served by IMAP elsewhere, by servers on the same PostgreSQL. See README.md beside this file.
 *
 *     deno serve --allow-net --allow-env deploy/edge/main.ts
 */
import { createServer, formatProblem, parseConfig } from "../../mod.ts";

// Without --allow-env nothing is read, and what stands here is all.
const { state } = await Deno.permissions.query({ name: "env" });
const env = new Map(Object.entries(state === "granted" ? Deno.env.toObject() : {}));

const config = parseConfig(
  {
    // The name of the servers that receive mail: it stands in DNS records, and in the MTA-STS policy.
    hostname: "mail.example.org",
    listeners: [],
    storage: {
      driver: "postgres",
      url: "postgres://palomar@db.example.org/palomar?sslmode=verify-full", // PALOMAR_STORAGE__URL
      connections: 4,
      migrate: false,
    },
    log: { format: "json", output: "stdout" },
  },
  "/",
  env,
);
if (!("hostname" in config)) throw new Error(config.map(formatProblem).join("\n"));

const server = createServer(config);

// `deno serve` takes no more requests then, and ends when nothing is open: neither the database nor somebody's events.
Deno.addSignalListener("SIGTERM", () => void server.stop().finally(() => setTimeout(() => Deno.exit(0), 1_000)));

export default {
  fetch: (request, info) => server.fetch(request, info),
} satisfies Deno.ServeDefaultExport;
