import { storageContract } from "../contract.ts";
import { objectsTests } from "./objects.ts";
import { emptyStores, MISSING, startCluster } from "./cluster.ts";

const cluster = startCluster();
if (cluster === null) Deno.test({ name: `postgres: left out: ${MISSING}`, ignore: true, fn: () => {} });
else {
  globalThis.addEventListener("unload", () => cluster.remove());
  storageContract("postgres", await emptyStores(await cluster.database("contract")));
  await objectsTests(await cluster.database("objects"));
}
