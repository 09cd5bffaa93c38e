import { openSqlite } from "../../../src/storage/sqlite/mod.ts";
import { storageContract } from "../contract.ts";
import { tempDir } from "../scene.ts";

storageContract("sqlite", async () => {
  const folder = tempDir();
  const store = await openSqlite({ dataDir: folder.path });
  return { ...store, close: () => store.close().then(folder.remove) };
});
