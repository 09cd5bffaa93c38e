import { openSqlite } from "../../mod.ts";
import { tempDir } from "../storage/scene.ts";
import { stress } from "./stress.ts";

for (const seed of [1, 2, 3, 4]) {
  Deno.test(`sessions that change the same mailboxes know what is there, seed ${seed}`, () => stress(seed, 400));
}

Deno.test("sessions that change the same mailboxes know what is there, over SQLite", async () => {
  const folder = tempDir();
  try {
    await stress(5, 200, await openSqlite({ dataDir: folder.path }));
  } finally {
    folder.remove();
  }
});

Deno.test("sessions that change the same mailboxes know what is there, over TCP", () =>
  stress(6, 200, undefined, true));
