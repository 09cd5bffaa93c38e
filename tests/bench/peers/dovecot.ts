import { ACCOUNTS, DOMAIN, isOnPath, PASSWORD, stopChild, waitForPort } from "./peer.ts";
import type { ImapPeer } from "../imap/side.ts";

/** Dovecot's own default settings, fsync included, in a folder of its own; only limits that a load test meets are raised. */
export async function startDovecot(folder: string, port: number, format: "maildir" | "sdbox"): Promise<ImapPeer> {
  for (const name of ["mail", "dovecot"]) await Deno.mkdir(`${folder}/${name}`, { recursive: true });
  await Deno.chown(`${folder}/mail`, 5000, 5000);
  const users = Array.from(
    { length: ACCOUNTS },
    (_, i) => `u${i + 1}:{PLAIN}${PASSWORD}:5000:5000::${folder}/mail/u${i + 1}::\n`,
  );
  await Deno.writeTextFile(`${folder}/dovecot/users`, users.join(""));
  await Deno.writeTextFile(`${folder}/dovecot/dovecot.conf`, configuration(folder, port, format));
  const child = new Deno.Command("dovecot", {
    args: ["-F", "-c", `${folder}/dovecot/dovecot.conf`],
    stdout: "null",
    stderr: "inherit",
  }).spawn();
  await waitForPort(port);
  await waitForPort(port + 1);
  return {
    name: `dovecot ${format}`,
    settings: "defaults, mail_fsync=optimized",
    smtpPort: port + 1,
    imapPort: port,
    lmtpPort: port + 1,
    pid: child.pid,
    delivered: null,
    stop: () => stopChild(child),
  };
}

/** What is missing for it here, or null. */
export function dovecotMissing(): string | null {
  if (!isOnPath("dovecot")) return "dovecot is not installed";
  return Deno.uid() === 0 ? null : "dovecot is started as root";
}

function configuration(folder: string, port: number, format: string): string {
  const location = format === "maildir" ? "maildir:~/Maildir" : "sdbox:~/sdbox";
  return `base_dir = ${folder}/dovecot/run
state_dir = ${folder}/dovecot/state
log_path = ${folder}/dovecot/log
protocols = imap lmtp
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
auth_username_format = %n
mail_location = ${location}
mail_uid = 5000
mail_gid = 5000
first_valid_uid = 5000
mail_max_userip_connections = 0
default_client_limit = 8000
default_process_limit = 4000
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
service imap-login {
  inet_listener imap {
    port = ${port}
  }
  inet_listener imaps {
    port = 0
  }
}
service imap {
  process_limit = 4000
}
service lmtp {
  inet_listener lmtp {
    port = ${port + 1}
  }
}
protocol lmtp {
  postmaster_address = postmaster@${DOMAIN}
}
`;
}
