import assert from "node:assert/strict";
import { House } from "./house.ts";

Deno.test("RFC 9698: JMAPACCESS is offered after the login where it is known, and GETJMAPACCESS says where", async () => {
  const house = await House.build();
  const jmapSession = "https://mail.example.org/jmap/session";
  const client = house.connect({ jmapSession });
  const say = async (line: string): Promise<string> => {
    client.send(line + "\r\n");
    return await client.receive();
  };
  assert.doesNotMatch(await say("a CAPABILITY"), /JMAPACCESS/);
  assert.match(await say("b GETJMAPACCESS"), /^b BAD/);
  await say("c LOGIN user secret");
  assert.match(await say("d CAPABILITY"), / JMAPACCESS[ \r]/);
  assert.equal((await say("e GETJMAPACCESS")).split("\r\n")[0], `* JMAPACCESS "${jmapSession}"`);
  assert.match(await say("f GETJMAPACCESS x"), /^f BAD/);
  const other = house.connect({});
  other.send("a LOGIN user secret\r\nb GETJMAPACCESS\r\n");
  const told = await other.receive();
  assert.doesNotMatch(told, /JMAPACCESS "/);
  assert.match(told, /b BAD/);
  await house.close();
});
