import assert from "node:assert/strict";
import { House } from "./house.ts";

Deno.test("UTF8=ONLY serves nobody who has not enabled UTF8=ACCEPT", async () => {
  const house = await House.build();
  const client = house.connect({ utf8Only: true });
  const say = async (line: string): Promise<string> => {
    client.send(line + "\r\n");
    return await client.receive();
  };
  await say("a LOGIN user secret");
  const capabilities = (await say("b CAPABILITY")).split("\r\n")[0]!.split(" ");
  assert.ok(capabilities.includes("UTF8=ONLY") && !capabilities.includes("UTF8=ACCEPT"));
  for (const line of ['c LIST "" *', "c SELECT INBOX", "c STATUS INBOX (MESSAGES)"]) {
    assert.match(await say(line), /^c NO \[CANNOT\]/, line);
  }
  assert.match(await say("d ENABLE UTF8=ACCEPT"), /ENABLED UTF8=ACCEPT\r\nd OK/);
  assert.match(await say("e SELECT INBOX"), /e OK/);
  await house.close();
});
