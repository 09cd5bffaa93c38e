import { openSqlite } from "../../../src/storage/sqlite/mod.ts";
import { storageContract } from "../contract.ts";
import { tempDir } from "../scene.ts";

const NOTHING_KEPT = { undeleteMs: 0, wall: () => Date.now() };

storageContract("sqlite", async (options = NOTHING_KEPT) => {
  const folder = tempDir();
  const store = await openSqlite({ dataDir: folder.path, ...options });
  return { ...store, close: () => store.close().then(folder.remove) };
});
