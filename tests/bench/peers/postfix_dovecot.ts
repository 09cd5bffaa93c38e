import { ACCOUNTS, DOMAIN, isOnPath, type PeerKind, stopChild, waitForPort } from "./peer.ts";

/** Postfix handing over by LMTP to Dovecot, Debian's packages with their safe defaults, in a folder of their own. */
export const postfixDovecot: PeerKind = {
  name: "postfix+dovecot",
  missing() {
    if (!isOnPath("postfix") || !isOnPath("dovecot")) return "needs Debian's postfix, dovecot-core and dovecot-lmtpd";
    return Deno.uid() === 0 ? null : "needs root to start Postfix";
  },
  async start(folder, port) {
    await Deno.chmod(folder, 0o755);
    const dovecot = await startDovecot(folder);
    const postfix = await startPostfix(folder, port);
    await waitForPort(port);
    return {
      name: "postfix+dovecot",
      settings: "Debian's Postfix and Dovecot, defaults (both fsync), Maildir, LMTP over a UNIX socket",
      smtpPort: port,
      pid: postfix.pid,
      others: [dovecot.pid],
      delivered: () => countMaildirs(`${folder}/mail`),
      async stop() {
        await new Deno.Command("postfix", {
          args: ["-c", `${folder}/postfix/etc`, "abort"],
          stdout: "null",
          stderr: "null",
        })
          .output();
        await stopChild(postfix);
        await stopChild(dovecot);
      },
    };
  },
};

async function startDovecot(folder: string): Promise<Deno.ChildProcess> {
  for (const name of ["mail", "dovecot"]) await Deno.mkdir(`${folder}/${name}`, { recursive: true });
  await Deno.chown(`${folder}/mail`, 5000, 5000);
  const users = Array.from(
    { length: ACCOUNTS },
    (_, i) => `u${i + 1}:{PLAIN}x:5000:5000::${folder}/mail/u${i + 1}::\n`,
  );
  await Deno.writeTextFile(`${folder}/dovecot/users`, users.join(""));
  await Deno.writeTextFile(
    `${folder}/dovecot/dovecot.conf`,
    `base_dir = ${folder}/dovecot/run
state_dir = ${folder}/dovecot/state
log_path = ${folder}/dovecot/log
protocols = lmtp
ssl = no
auth_username_format = %n
mail_location = maildir:~/Maildir
mail_uid = 5000
mail_gid = 5000
first_valid_uid = 5000
passdb {
  driver = passwd-file
  args = ${folder}/dovecot/users
}
userdb {
  driver = passwd-file
  args = ${folder}/dovecot/users
}
namespace inbox {
  inbox = yes
}
service lmtp {
  process_min_avail = 1
  unix_listener ${folder}/dovecot/lmtp {
    mode = 0666
  }
}
protocol lmtp {
  postmaster_address = postmaster@${DOMAIN}
}
`,
  );
  return new Deno.Command("dovecot", {
    args: ["-F", "-c", `${folder}/dovecot/dovecot.conf`],
    stdout: "null",
    stderr: "null",
  }).spawn();
}

async function startPostfix(folder: string, port: number): Promise<Deno.ChildProcess> {
  const etc = `${folder}/postfix/etc`;
  for (const name of ["etc", "queue", "lib"]) await Deno.mkdir(`${folder}/postfix/${name}`, { recursive: true });
  await new Deno.Command("chown", { args: ["postfix", `${folder}/postfix/lib`] }).output();
  await Deno.writeTextFile(
    `${etc}/main.cf`,
    `compatibility_level = 3.6
queue_directory = ${folder}/postfix/queue
data_directory = ${folder}/postfix/lib
daemon_directory = /usr/lib/postfix/sbin
command_directory = /usr/sbin
meta_directory = /etc/postfix
mail_owner = postfix
setgid_group = postdrop
maillog_file = ${folder}/postfix/log
maillog_file_prefixes = ${folder}
myhostname = mx.${DOMAIN}
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
alias_maps =
local_recipient_maps =
virtual_mailbox_domains = ${DOMAIN}
virtual_transport = lmtp:unix:${folder}/dovecot/lmtp
message_size_limit = 104857600
mailbox_size_limit = 0
virtual_mailbox_limit = 0
smtpd_client_connection_count_limit = 0
smtputf8_enable = no
`,
  );
  const dist = await Deno.readTextFile("/usr/share/postfix/master.cf.dist");
  const services = dist.split("\n").filter((line) => !/^smtp +inet/.test(line)).map((line) => {
    const words = line.split(/\s+/);
    if (!/^[a-z]/.test(line) || words.length < 8) return line;
    words[4] = "n"; // nothing chrooted
    return words.join(" ");
  });
  services.push(`127.0.0.1:${port} inet n - n - - smtpd`);
  if (!services.some((line) => line.startsWith("postlog"))) services.push("postlog unix-dgram n - n - 1 postlogd");
  await Deno.writeTextFile(`${etc}/master.cf`, services.join("\n") + "\n");
  return new Deno.Command("postfix", { args: ["-c", etc, "start-fg"], stdout: "null", stderr: "null" }).spawn();
}

function countMaildirs(mail: string): number {
  let count = 0;
  for (let i = 1; i <= ACCOUNTS; i++) {
    try {
      for (const _entry of Deno.readDirSync(`${mail}/u${i}/Maildir/new`)) count++;
    } catch { /* nothing delivered yet */ }
  }
  return count;
}
