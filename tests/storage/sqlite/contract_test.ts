import { openSqlite } from "../../../src/storage/sqlite/mod.ts";
import { storageContract } from "../contract.ts";
import { packingInTurns } from "../packed_in_turns.ts";
import { tempDir } from "../scene.ts";

const packing = packingInTurns();
const NOTHING_KEPT = { undeleteMs: 0, wall: () => Date.now() };

storageContract("sqlite", async (options = NOTHING_KEPT) => {
  const folder = tempDir();
  const store = await openSqlite({ dataDir: folder.path, packing: packing(), ...options });
  return { ...store, close: () => store.close().then(folder.remove) };
});
