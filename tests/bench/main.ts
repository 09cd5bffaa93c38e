// deno-lint-ignore-file no-console
/** `deno task bench [NAME…]`: measures Palomar, beside its peers where there are any, and prints ratios. */
import { accounts } from "./accounts.ts";
import { bodies } from "./bodies.ts";
import { disk } from "./disk.ts";
import { drain } from "./drain.ts";
import { idle } from "./idle.ts";
import { imap } from "./imap.ts";
import { ingest } from "./ingest.ts";
import { jmap } from "./jmap.ts";
import { jmapBeside } from "./jmap_beside.ts";
import { largeMessage } from "./large_message.ts";
import { listeners } from "./listeners.ts";
import { mailbox } from "./mailbox.ts";
import { postgres } from "./postgres.ts";
import { queue } from "./queue.ts";
import { sieve } from "./sieve.ts";
import { signing } from "./signing.ts";
import { startup } from "./startup.ts";

const BENCHES: Readonly<Record<string, { about: string; run: () => Promise<void> }>> = {
  startup: { about: "process start to first greeting, memory at idle", run: startup },
  ingest: {
    about: "4 KB messages a second beside smtp-server, Postfix with Dovecot, and the bound",
    run: () => ingest(3),
  },
  bodies: {
    about: "messages of 64 KB, 1 MB and 20 MB beside the same: MB a second",
    run: () => bodies(3),
  },
  disk: { about: "octets on disk for each message of 4 KB, 64 KB and 1 MB", run: disk },
  mailbox: { about: "a mailbox of 1,000,000 messages beside one of 1,000", run: mailbox },
  accounts: { about: "10,000 accounts of 1,000 messages: start and memory", run: accounts },
  postgres: { about: "4 KB messages a second with PostgreSQL beside SQLite, one node and two", run: () => postgres(3) },
  drain: { about: "10,000 queued messages to one and 100 destinations, beside Postfix", run: drain },
  queue: { about: "a queue of 10,000 to 1,000,000 recipients: opening it, and each step of the scheduler", run: queue },
  large: { about: "a 50 MB message with 5,000 parts: memory and event loop", run: largeMessage },
  signing: { about: "DKIM: turns of the loop while 52 MB are signed, and what checking a message costs", run: signing },
  sieve: { about: "50 Sieve rules beside Pigeonhole; compiling; what a script adds to delivery", run: sieve },
  imap: { about: "every IMAP command that takes time, beside Dovecot", run: imap },
  jmap: { about: "what calls of JMAP cost with 100,000 emails; up- and downloads", run: jmap },
  cyrus: { about: "calls of JMAP over HTTP beside Cyrus, with 100,000 messages each", run: jmapBeside },
  listeners: { about: "2,000 who wait for news by JMAP: memory, and when the last hears", run: listeners },
  idle: { about: "memory of 1,000 idle IMAP sessions", run: idle },
};

const names = Deno.args.length > 0 ? Deno.args : Object.keys(BENCHES);
const unknown = names.filter((name) => !(name in BENCHES));
if (unknown.length > 0) {
  console.error(`usage: deno task bench [NAME…]`);
  for (const [name, bench] of Object.entries(BENCHES)) console.error(`  ${name.padEnd(10)}${bench.about}`);
  Deno.exit(names.includes("--help") || names.includes("-h") ? 0 : 2);
}
for (const name of names) {
  console.log(`# ${name}: ${BENCHES[name]!.about}`);
  await BENCHES[name]!.run();
}
