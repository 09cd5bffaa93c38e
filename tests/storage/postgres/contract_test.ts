import { storageContract } from "../contract.ts";
import { objectsTests } from "./objects.ts";
import { packingInTurns } from "../packed_in_turns.ts";
import { packingTests } from "./packing.ts";
import { emptyStores, MISSING, startCluster } from "./cluster.ts";

const cluster = startCluster();
if (cluster === null) Deno.test({ name: `postgres: left out: ${MISSING}`, ignore: true, fn: () => {} });
else {
  globalThis.addEventListener("unload", () => cluster.remove());
  const packing = packingInTurns();
  storageContract("postgres", await emptyStores(await cluster.database("contract"), () => ({ packing: packing() })));
  packingTests(await cluster.database("packing"));
  await objectsTests(await cluster.database("objects"));
}
