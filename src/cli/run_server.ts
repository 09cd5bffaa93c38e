import type { Config, ListenerConfig, LoadedConfig } from "../server/config/mod.ts";
import { VERSION } from "../server/version.ts";
import { banner } from "./banner.ts";
import { EXIT, Exit } from "./exit.ts";
import type { Io } from "./io.ts";

/** What `start` needs of a server. */
export interface RunningServer {
  /** Resolves when every listener listens. */
  start(): Promise<void>;
  /** Ends connections politely, then for good, within the configured grace. */
  stop(): Promise<void>;
  reload(): Promise<unknown>;
  /** Where it listens in fact, once it has started. */
  readonly addresses: readonly ListenerConfig[];
  readonly caFile: string | null;
  readonly adminToken: { readonly value: string; /** Made at this start. */ readonly fresh: boolean };
}

/** How long beyond the grace of connections the rest may take before the process ends all the same. */
const STOP_EXTRA_MS = 5_000;

/** Runs the server until a signal stops it. Throws `Exit` where it cannot start. */
export async function runServer(
  { config, source }: LoadedConfig,
  io: Io,
  create: (config: Config) => Promise<RunningServer> = createReal,
): Promise<number> {
  let stopping = false;
  let stop = () => {};
  const stopped = new Promise<void>((resolve) => stop = resolve);
  const onStop = (): void => {
    if (stopping) Deno.exit(EXIT.refused); // asked a second time: now
    stopping = true;
    stop();
  };
  for (const signal of ["SIGTERM", "SIGINT"] as const) Deno.addSignalListener(signal, onStop);
  let server: RunningServer;
  try {
    server = await create(config);
    await server.start();
  } catch (error) {
    if (error instanceof Exit) throw error;
    throw new Exit(EXIT.temporary, `the server cannot start: ${(error as Error).message}`);
  }
  const onReload = (): void =>
    void server.reload().catch((error: Error) => io.err(`palomar: reload: ${error.message}\n`));
  Deno.addSignalListener("SIGHUP", onReload);
  const { addresses: listeners, caFile, adminToken } = server;
  if (source.kind === "demo") {
    io.out(banner(config, { version: VERSION, listeners, caFile, adminToken: adminToken.value }));
  } else if (adminToken.fresh) {
    io.out(`The admin token of the HTTP API, shown this once: ${adminToken.value}\n`);
  }
  await stopped;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, config.limits.shutdownGrace + STOP_EXTRA_MS);
  });
  await Promise.race([server.stop(), late]);
  clearTimeout(timer);
  for (const signal of ["SIGTERM", "SIGINT"] as const) Deno.removeSignalListener(signal, onStop);
  Deno.removeSignalListener("SIGHUP", onReload);
  return EXIT.ok;
}

async function createReal(config: Config): Promise<RunningServer> {
  const { createServer } = await import("../server/create_server.ts");
  return await createServer(config);
}
