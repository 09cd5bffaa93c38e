/** A server with people whose JMAP clients a test drives, and the ids of their mailboxes by role. */
import { CAPABILITIES } from "../../../src/jmap/mod.ts";
import { type TestServer, testServer } from "../../../src/server/test_server.ts";
import { type Answered, JmapClient } from "./client.ts";

/** All that a server has. */
export const ALL: readonly string[] = [...CAPABILITIES];

export interface Scene extends AsyncDisposable {
  readonly server: TestServer;
  readonly alice: JmapClient;
  readonly bob: JmapClient;
  /** Mailboxes of alice: inbox, drafts, sent, trash, junk, archive. */
  readonly boxes: Readonly<Record<string, string>>;
  /** Calls of alice, with all capabilities. */
  call(name: string, args?: object): Promise<Answered>;
  fails(name: string, args?: object): Promise<unknown>;
  /** What a /set says of one object: "ok", or the error's type and its properties. */
  refused(name: string, args: object): Promise<readonly unknown[]>;
  /** What somebody lets alice do with a mailbox. */
  share(owner: string, mailbox: string, rights: string): Promise<void>;
  deliver(message: string): Promise<void>;
}

export async function scene(options: Parameters<typeof testServer>[0] = {}): Promise<Scene> {
  const server = await testServer(options);
  const [alice, bob] = [new JmapClient(server, "alice"), new JmapClient(server, "bob")];
  await alice.session();
  await bob.session();
  const call = (name: string, args: object = {}) => alice.call(name, args as never, ALL);
  const { list } = await call("Mailbox/get");
  return {
    server,
    alice,
    bob,
    boxes: Object.fromEntries(list.map(({ id, role }: Record<string, string>) => [role, id])),
    call,
    fails: (name, args = {}) => alice.fails(name, args as never, ALL),
    async refused(name, args) {
      const answer = await call(name, args);
      for (const list of ["notCreated", "notUpdated", "notDestroyed"]) {
        const [error] = Object.values(answer[list] ?? {}) as Answered[];
        if (error) return [error["type"], ...(error["properties"] ?? []) as readonly string[]];
      }
      return ["ok"];
    },
    async share(owner, mailbox, rights) {
      const imap = server.connect("imap");
      await imap.until("* OK");
      await imap.ask(`a LOGIN ${owner}@example.test ${owner}`, "a OK");
      await imap.ask(`b SETACL "${mailbox}" alice@example.test "${rights}"`, "b OK");
      await imap.ask("c LOGOUT", "c OK");
      await server.clock.advance(10_000); // who shares with whom is believed for five seconds
    },
    deliver: (message) => server.deliver(message, "alice@example.test") as Promise<unknown> as Promise<void>,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
