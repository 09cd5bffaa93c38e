import { storageContract } from "../contract.ts";
import { emptyStore, MISSING, startCluster } from "./cluster.ts";

const cluster = startCluster();
if (cluster === null) Deno.test({ name: `postgres: left out: ${MISSING}`, ignore: true, fn: () => {} });
else {
  globalThis.addEventListener("unload", () => cluster.remove());
  const url = await cluster.database("contract");
  storageContract("postgres", () => emptyStore(url));
}
