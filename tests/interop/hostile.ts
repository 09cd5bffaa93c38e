/** What every attack is measured by: the server still serves a good client at once, and has not grown. */
import { ok, strictEqual } from "node:assert/strict";
import { openImap } from "./mailbox.ts";
import type { Account, Palomar } from "./palomar.ts";
import type { Scenario, Stage } from "./scenario.ts";
import { sendIn } from "./smtp_client.ts";

/** A good client's whole visit (mail in by SMTP, out by IMAP) takes at most this long, during an attack and after it. */
const AT_ONCE_MS = 5000;
const MEMORY_LIMIT_MB = 250;

/** An attack on a server of its own; `serves()` in it asserts that a good client is served while it runs. */
export function attack(
  name: string,
  run: (palomar: Palomar, serves: () => Promise<void>, stage: Stage) => Promise<string | void>,
  options: { readonly seconds?: number; readonly memory?: number; readonly config?: Record<string, unknown> } = {},
): Scenario {
  return {
    name: `hostile: ${name}`,
    seconds: options.seconds ?? 90,
    async run(stage) {
      const palomar = await stage.startPalomar("hostile.test", { config: options.config ?? {} });
      const account = await palomar.account("good");
      let slowest = 0;
      let visits = 0;
      const serves = async () => {
        const began = performance.now();
        await visit(palomar, account, ++visits);
        slowest = Math.max(slowest, performance.now() - began);
        ok(slowest < AT_ONCE_MS, `a good client had to wait ${Math.round(slowest)} ms`);
      };
      let most = 0;
      const watch = setInterval(() => most = Math.max(most, memory(palomar)), 50);
      stage.defer(() => clearInterval(watch));
      const remark = await run(palomar, serves, stage);
      await serves();
      clearInterval(watch);
      most = Math.max(most, memory(palomar));
      const bug = palomar.log.find((line) => line.includes(".bug") || line.includes('"level":"error"'));
      strictEqual(bug, undefined, `the server logged: ${bug}`);
      const limit = options.memory ?? MEMORY_LIMIT_MB;
      ok(most < limit, `the server took ${Math.round(most)} MB of memory, more than ${limit}`);
      const facts = `${Math.round(most)} MB at most, good client served in ${Math.round(slowest)} ms at worst`;
      return remark ? `${remark}; ${facts}` : facts;
    },
  };
}

/** 0 where the process is gone: then the visit fails, and says it better. */
function memory(palomar: Palomar): number {
  try {
    return palomar.memory();
  } catch {
    return 0;
  }
}

async function visit(palomar: Palomar, account: Account, number: number): Promise<void> {
  await sendIn(palomar.ports.smtp, account, `Subject: good ${number}\r\n\r\nA pigeon came home.`);
  const imap = await openImap(palomar, account);
  try {
    await imap.mailboxOpen("INBOX");
    strictEqual(imap.mailbox && imap.mailbox.exists, number);
    const message = await imap.fetchOne("*", { source: true });
    ok(message && message.source?.includes(`Subject: good ${number}\r\n`));
  } finally {
    await imap.logout();
  }
}
