/** Debian's Dovecot with Maildirs, in a folder of its own: LMTP and IMAP on free ports of 127.0.0.1, without TLS. */
import { join } from "node:path";
import { ImapFlow } from "imapflow";
import { freePorts } from "./palomar.ts";
import { eventually, type Stage } from "./scenario.ts";
import { expectReply } from "./smtp_client.ts";
import { Wire } from "./wire.ts";

/** A user owns its mail; Dovecot gives nobody's mail to root. */
const USER = "nobody";
const GROUP = "nogroup";
const PASSWORD = "secret";

export class Dovecot {
  readonly folder: string;
  readonly lmtp: number;
  readonly imap: number;
  readonly #stage: Stage;

  private constructor(stage: Stage, folder: string, lmtp: number, imap: number) {
    this.#stage = stage;
    this.folder = folder;
    this.lmtp = lmtp;
    this.imap = imap;
  }

  /** Starts it; it ends with the scenario. Root alone can do that. */
  static async start(stage: Stage): Promise<Dovecot> {
    const folder = await Deno.makeTempDir({ prefix: "dovecot-" });
    stage.defer(() => Deno.remove(folder, { recursive: true }));
    await Deno.chmod(folder, 0o755);
    await Deno.mkdir(join(folder, "mail"));
    await stage.run("chown", ["-R", `${USER}:${GROUP}`, join(folder, "mail")]);
    const { lmtp, imap } = freePorts();
    await Deno.writeTextFile(join(folder, "dovecot.conf"), configuration(folder, lmtp, imap));
    const one = new Dovecot(stage, folder, lmtp, imap);
    const child = new Deno.Command("dovecot", {
      args: ["-F", "-c", join(folder, "dovecot.conf")],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    stage.defer(async () => {
      child.kill("SIGTERM");
      await child.status;
    });
    await eventually("Dovecot listens", async () => {
      try {
        for (const port of [lmtp, imap]) (await Deno.connect({ hostname: "127.0.0.1", port })).close();
        return true;
      } catch {
        return false;
      }
    });
    return one;
  }

  maildirOf(user: string): string {
    return join(this.folder, "mail", user);
  }

  /** Delivers by LMTP; lines of the message end in CRLF. */
  async deliver(user: string, messages: readonly Uint8Array[]): Promise<void> {
    const wire = await Wire.connect(this.lmtp);
    try {
      await expectReply(wire, "220");
      await wire.send("LHLO client.test\r\n");
      await expectReply(wire, "250");
      for (const message of messages) {
        await wire.send(`MAIL FROM:<sender@outside.test> BODY=8BITMIME\r\nRCPT TO:<${user}>\r\nDATA\r\n`);
        for (const code of ["250", "250", "354"]) await expectReply(wire, code);
        await wire.send(stuffed(message));
        await wire.send(".\r\n");
        await expectReply(wire, "250");
      }
    } finally {
      wire.close();
    }
  }

  async open(user: string): Promise<ImapFlow> {
    const client = new ImapFlow({
      host: "127.0.0.1",
      port: this.imap,
      secure: false,
      doSTARTTLS: false,
      auth: { user, pass: PASSWORD },
      logger: false,
    });
    client.on("error", () => {});
    await client.connect();
    return client;
  }

  /** What Dovecot says of all messages of a user: mailbox, UID, flags and keywords, when it came; sorted. */
  async listing(user: string): Promise<string[]> {
    const { stdout } = await this.#stage.run("doveadm", [
      ...["-c", join(this.folder, "dovecot.conf"), "-f", "tab"],
      ...["fetch", "-u", user, "mailbox uid flags date.received size.physical hdr.message-id", "all"],
    ]);
    const rows = stdout.trim().split("\n").slice(1);
    // \Recent is of whoever looks first, not of the message.
    const cell = (text: string) => text.split(" ").filter((word) => word !== "\\Recent").sort().join(" ");
    return rows.map((row) => row.split("\t").map(cell).join("\t")).sort();
  }

  /** UIDVALIDITY and UIDNEXT of all mailboxes of a user, sorted. */
  async status(user: string): Promise<string[]> {
    const conf = join(this.folder, "dovecot.conf");
    const { stdout } = await this.#stage.run("doveadm", [
      ...["-c", conf, "-f", "tab", "mailbox", "status", "-u", user, "uidvalidity uidnext messages unseen", "*"],
    ]);
    return stdout.trim().split("\n").slice(1).sort();
  }

  async subscriptions(user: string): Promise<string[]> {
    const conf = join(this.folder, "dovecot.conf");
    const { stdout } = await this.#stage.run("doveadm", ["-c", conf, "mailbox", "list", "-s", "-u", user]);
    return stdout.trim().split("\n").sort();
  }

  /** Makes a folder the Maildir of a user. */
  async adopt(user: string, maildir: string): Promise<void> {
    await this.#stage.run("cp", ["-a", maildir, this.maildirOf(user)]);
    await this.#stage.run("chown", ["-R", `${USER}:${GROUP}`, this.maildirOf(user)]);
  }
}

function configuration(folder: string, lmtp: number, imap: number): string {
  return `
base_dir = ${folder}/run
state_dir = ${folder}/state
log_path = ${folder}/log
protocols = lmtp imap
ssl = no
disable_plaintext_auth = no
mail_location = maildir:${folder}/mail/%u
mail_uid = ${USER}
mail_gid = ${GROUP}
first_valid_uid = 1
passdb {
  driver = static
  args = password=${PASSWORD}
}
userdb {
  driver = static
  args = uid=${USER} gid=${GROUP} home=${folder}/mail/%u
}
namespace inbox {
  inbox = yes
  separator = /
}
service lmtp {
  inet_listener lmtp {
    address = 127.0.0.1
    port = ${lmtp}
  }
}
service imap-login {
  inet_listener imap {
    address = 127.0.0.1
    port = ${imap}
  }
  inet_listener imaps {
    port = 0
  }
}
`;
}

function stuffed(message: Uint8Array): Uint8Array {
  const text = new TextDecoder("latin1").decode(message).replace(/^\./gm, "..");
  const whole = text.endsWith("\r\n") ? text : text + "\r\n";
  return Uint8Array.from(whole, (character) => character.charCodeAt(0));
}
